#!/usr/bin/env python3
"""Makes the seed corpora from the golden transcripts: what each client and each server said, without
what stands before the first message in the parser's own language. Run it when transcripts change."""
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent.parent / "golden" / "postgres"


def unescape(text):
    return re.sub(rb"\\(s|[0-9a-f]{2})",
                  lambda m: b" " if m[1] == b"s" else bytes([int(m[1], 16)]), text.encode())


def messages(path, letter):
    out = []
    for line in path.read_text().splitlines():
        if line[:2] == letter + " ":
            out.append(unescape(line[2:]))
        elif line[:2] == letter.lower() + " ":
            out[-1] += unescape(line[2:])
    return out


def main():
    for path in sorted(GOLDEN.glob("*.golden")):
        client, server = messages(path, "F"), messages(path, "B")
        first = 0  # packets without a type byte
        while first < len(client) and client[first][:1] == b"\0":
            first += 1
        if server and len(server[0]) == 1:
            server = server[1:]
        for kind, seed in (("startup", client[:first]), ("frontend", client[first:]),
                           ("backend", server)):
            data = b"".join(seed)
            if data:
                (HERE / "corpus" / kind / path.stem).write_bytes(data)


if __name__ == "__main__":
    main()
