#!/usr/bin/env bash
# Autobahn's 247 cases (1 to 7 and 10; compression is not spoken) against examples/echo.rs, the code of our sockets.
# `tests/autobahn.sh` needs a Python 2.7 with pip, which the suite is written for: PYTHON2 names it (python2.7 by default).
# Fails unless at least 242 are OK, at most 2 not strict (6.4.3 and 6.4.4: when bad UTF-8 is noticed) and none failed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON2:-python2.7}
listen=${GPTING_ECHO_LISTEN:-127.0.0.1:9377}
folder=$(mktemp -d)
echo_pid=
trap '[ -z "$echo_pid" ] || kill "$echo_pid"; rm -rf "$folder"' EXIT

"$python" -m pip install --quiet --target "$folder/suite" \
    setuptools==44.0.0 incremental==16.10.1 Twisted==19.10.0 zope.interface==4.6.0 autobahntestsuite==25.10.1
touch "$folder/suite/zope/__init__.py"
cargo build --quiet -p gpting-examples --example echo
: >"$folder/echo.log"
GPTING_ECHO_LISTEN=$listen "${CARGO_TARGET_DIR:-target}/debug/examples/echo" >"$folder/echo.log" 2>&1 &
echo_pid=$!
until grep -q listening "$folder/echo.log"; do
    kill -0 "$echo_pid" || { cat "$folder/echo.log"; exit 1; }
    sleep 0.1
done
cat >"$folder/spec.json" <<SPEC
{"outdir": "$folder/reports", "servers": [{"agent": "gpting", "url": "ws://$listen"}],
 "cases": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"], "exclude-cases": [], "exclude-agent-cases": {}}
SPEC
(cd "$folder" && PYTHONPATH=suite "$python" -c 'from autobahntestsuite.wstest import run; run()' \
    -m fuzzingclient -s spec.json >suite.log 2>&1) || { cat "$folder/suite.log"; exit 1; }
"$python" - "$folder/reports/index.json" <<'CHECK'
import collections, json, sys
cases = json.load(open(sys.argv[1]))["gpting"]
count = collections.Counter(case["behavior"] for case in cases.values())
print("%d cases: %s" % (len(cases), ", ".join("%d %s" % (n, name) for name, n in sorted(count.items()))))
for name, case in sorted(cases.items()):
    if case["behavior"] != "OK":
        print("  %s %s" % (name, case["behavior"]))
sys.exit(not (len(cases) == 247 and count["OK"] >= 242 and count["NON-STRICT"] <= 2 and count["FAILED"] == 0))
CHECK
