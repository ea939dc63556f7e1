#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench.sh [NAME...]: the figures, all or those named, of one guest whose time stamp counter counts instructions:
# a table, and build/results/bench/bench.json. Exit status 0: every bound is kept.
#
# -icount shift=0,sleep=off: one instruction is one nanosecond, and sleeping takes no time. Without erms and fsrm, as a
# "rep movsb" counts an instruction a byte, "rep movsq" one for eight.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../scripts/common.sh"
out=$BUILD/results/bench
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/bench"
for program in placement pin fault region hint; do
	cp "$BUILD/bench/$program" "$tmp/bench/"
done
say BENCH 'in a guest; takes some minutes'
NUMAPERF_ACCEL='tcg,thread=single -icount shift=0,sleep=off' NUMAPERF_CPU=max,-erms,-fsrm \
	"$TOP/qemu/run" "$TOP/bench/bench.args" script "$TOP/bench/guest.sh" --out "$out" --timeout 1800 --add "$tmp/bench" \
	--job-args "$*" >"$tmp/said" || note "the guest said no success: $out"
awk -v json="$out/bench.json" -f "$TOP/bench/report.awk" "$tmp/said" | tee "$out/table"
grep -q '^]' "$out/bench.json" && ! grep -qE 'MISSED|FAILED' "$out/table" && [ "$(tr -d '\r' <"$out/verdict")" = 'verdict: success' ]
