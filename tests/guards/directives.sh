#!/usr/bin/env bash
# Every directive stands in docs/directives.md and in conf/, and nothing stands there that is no directive.
set -eu
rows=$(grep -hoE 'AP_INIT_[A-Z0-9_]+\("<?MCP[A-Za-z]+' mod_*.c | sed -E 's/.*"<?//' | sort -u)
[ "$(wc -l <<<"$rows")" -ge 15 ] || { echo "no directives found"; exit 1; }
for d in $rows; do
  for f in docs/directives.md "conf/mcp_*.conf"; do
    grep -qE "<?$d\b" $f || { echo "$d is missing in $f"; exit 1; }
  done
done
for d in $(grep -hoE '\bMCP[A-Z][A-Za-z]+' docs/directives.md conf/mcp_*.conf | sort -u); do
  grep -qx "$d" <<<"$rows" || { echo "$d is documented but no directive"; exit 1; }
done
