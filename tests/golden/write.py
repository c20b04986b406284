"""`python -m tests.golden.write`: adds what is missing, and refuses to change what stands.

A fact that has changed its shape gets a new `class_version` and an upcast; only names that an enumeration takes in are
added to a shape that stands. `--anew TOPIC …` forgets the shapes of facts that no release has stored yet.
"""

from __future__ import annotations

import argparse
import sys

import msgspec

from tests.golden.shapes import SCHEMAS, file_of, grew, key_of, keys, schemas, stored, whole


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anew", nargs="*", default=[], metavar="TOPIC", help="topics that no release has stored")
    forgotten = parser.parse_args().anew
    now = schemas()
    known = msgspec.json.decode(SCHEMAS.read_bytes()) if SCHEMAS.exists() else {"facts": {}, "values": {}}
    anew = {key_of(kind) for kind in keys().values() if getattr(kind, "TOPIC", None) in forgotten}
    changed = [
        key
        for key in now["facts"].keys() & known["facts"].keys() - anew
        if not grew(whole(known, key), whole(now, key))
    ]
    if changed:
        for key in sorted(changed):
            print(f"{key} has another shape: give it a new class_version, and an upcast", file=sys.stderr)  # noqa: T201
        return 1
    for key, kind in keys().items():
        if key in anew or not file_of(key).exists():
            file_of(key).write_bytes(stored(kind))
            print(f"wrote {key}")  # noqa: T201
    facts = dict(sorted({**known["facts"], **now["facts"]}.items()))
    values = dict(sorted({**known["values"], **now["values"]}.items()))
    SCHEMAS.write_bytes(msgspec.json.format(msgspec.json.encode({"facts": facts, "values": values}), indent=1) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
