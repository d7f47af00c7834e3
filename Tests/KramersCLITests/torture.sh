#!/usr/bin/env bash
# Kramers in the pipelines of a shell. Usage: KRAMERS=path/to/kramers torture.sh
# Prints one line a check; the exit status is the number of failures.
set -u
: "${KRAMERS:?}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0
check() { # name, expected, got
  if [ "$2" = "$3" ]; then echo "ok $1"; else
    echo "FAILED $1: expected '$2', got '$3'"
    failures=$((failures + 1))
  fi
}
k() { "$KRAMERS" "$@"; }
cat > "$folder/points.lua" <<'LUA'
for i, l2 in ipairs(linspace(0, 1, tonumber(arg[1] or 5))) do
  log("point", i)
  emit { kind = "point", i = i, l2 = l2, list = { l2, 1 / 0 }, text = "a\tb\"c\\d\0\xff" }
end
LUA
cat > "$folder/train.lua" <<'LUA'
local x = experiment { data = data.gaussian { singular = { 0.9 }, samples = 64 }, depth = 3,
  width = 2, lr = 0.1, batch = 8, seed = tonumber(arg[1] or 1) }
emit(x:train { steps = 400, every = 100 })
LUA

# jq reads everything, standard error apart
check jq 6 "$(k "$folder/points.lua" 2>/dev/null | jq -e -c . | wc -l | tr -d ' ')"
check jq-field 0.25 "$(k "$folder/points.lua" 2>/dev/null | jq 'select(.i == 2).l2')"
check jq-slurp 5 "$(k "$folder/points.lua" 2>/dev/null | jq -s 'map(select(.kind == "point")) | length')"
check log 5 "$(k "$folder/points.lua" 2>&1 >/dev/null | grep -c '^point')"
# statuses of the pipeline's members
k "$folder/points.lua" 100000 2>/dev/null | head -1 >/dev/null; check head 141 "${PIPESTATUS[0]}"
check head-silent '' "$( (k -e 'while true do emit{x=1} end' | head -1 >/dev/null) 2>&1)"
k -e 'while true do print(1) end' | head -c 1 >/dev/null; check sigpipe 141 "${PIPESTATUS[0]}"
k -e 'print(1)' > /dev/full 2>"$folder/full"; check full 74 $?
check full-words 1 "$(grep -c 'No space left on device' "$folder/full")"
k -e 'error("x")' 2>/dev/null | cat >/dev/null; check error 1 "${PIPESTATUS[0]}"
k --nonsense 2>/dev/null >&2; check usage 64 $?
k "$folder/none.lua" 2>/dev/null; check missing 66 $?
# tee, files, standard input
k "$folder/train.lua" | tee "$folder/tee.jsonl" | tail -1 > "$folder/last"
check tee "$(cat "$folder/last")" "$(k "$folder/train.lua" | tail -1)"
check stdin 3 "$(echo 'print(#arg + 1)' | k - a b)"
check stdin-bare 7 "$(echo 'print(7)' | k)"
check heredoc "a b" "$(k - a b <<< 'print(table.concat({...}, " "))')"
check chain 55 "$(k -e 'for i = 1, 10 do emit{i = i} end' |
  k -e 'local s = 0 for l in io.lines() do s = s + (l:match("{\"i\":(%d+)}") or 0) end print(s)')"
printf '#!%s\nprint(arg[1])\n' "$KRAMERS" > "$folder/run" && chmod +x "$folder/run"
check shebang hello "$("$folder/run" hello)"
k --format csv "$folder/points.lua" 3 > "$folder/points.csv" 2>/dev/null
check csv "kind,l2,i,text" "$(head -1 "$folder/points.csv")"
k -e 'experiment{data = data.population{singular={1}}, depth=2, width=1}' \
  -e "train{steps=50, every=10}:csv('$folder/trace.csv')" >/dev/null 2>&1
check trace 7 "$(wc -l < "$folder/trace.csv" | tr -d ' ')"
check no-temporaries '' "$(ls "$folder" | grep tmp)"
# same seed, same bytes, whatever runs beside
seq 1 6 | xargs -P2 -I{} sh -c '"$0" "$1/train.lua" 7 > "$1/run{}.jsonl"' "$KRAMERS" "$folder"
check xargs 1 "$(tail -qn1 "$folder"/run*.jsonl | sort -u | wc -l | tr -d ' ')"
check threads 1 "$(for n in 1 2 3; do k --threads $n "$folder/train.lua" | md5sum; done | sort -u | wc -l | tr -d ' ')"
# one Ctrl-C to the process group stops the loop, not only the program in it
set -m
(for i in 1 2 3; do echo $i >> "$folder/loop"; k -e 'while true do end'; done) 2>/dev/null &
set +m
for _ in $(seq 100); do [ -s "$folder/loop" ] && break; sleep 0.05; done
sleep 0.3
kill -INT -- -$!
wait $! 2>/dev/null
check ctrl-c-status 130 $?
check ctrl-c-loop 1 "$(wc -l < "$folder/loop" | tr -d ' ')"
timeout -s TERM 0.5 "$KRAMERS" -e 'experiment{data=data.population{singular={1}}, depth=2, width=1}' \
  -e 'train(1e12)' 2>/dev/null > "$folder/partial"
check timeout 124 $?
check partial interrupted "$(tail -1 "$folder/partial" | jq -r .outcome)"
exit $failures
