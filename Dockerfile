# The service, without the embedded database: it is given one by COMPACT_DATABASE_URL.
FROM python:3.12-slim
WORKDIR /srv/compact
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY domain domain
COPY projections projections
COPY api api
COPY infra infra
RUN python -m pip install --no-cache-dir --no-index --no-build-isolation --no-deps .
RUN useradd --system --create-home compact
USER compact
CMD ["compact", "serve", "--host", "0.0.0.0"]
