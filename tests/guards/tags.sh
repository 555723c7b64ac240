#!/usr/bin/env bash
# A log tag belongs to one reason.
set -eu
tags=$(grep -oE '"MCP[0-9]{3}"' include/mcp/error.h)
[ "$(wc -l <<<"$tags")" -ge 40 ] || { echo "no tags found"; exit 1; }
twice=$(sort <<<"$tags" | uniq -d)
[ -z "$twice" ] || { echo "used twice: $twice"; exit 1; }
