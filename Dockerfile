# The service; its database is given by COMPACT_DATABASE_URL. The versions are those that the tests ran with.
FROM python:3.12-slim
WORKDIR /srv/compact
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY domain domain
COPY projections projections
COPY api api
COPY infra infra
RUN python -m pip install --no-cache-dir --no-index --no-build-isolation --no-deps .
RUN useradd --system --create-home --home-dir /var/lib/compact compact
USER compact
WORKDIR /var/lib/compact
EXPOSE 8000
CMD ["compact", "serve", "--host", "0.0.0.0"]
