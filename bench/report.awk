# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What bench/guest.sh printed, as a table, and as JSON into the file json=FILE. Exit status 1 if a bound is missed, a
# measurement failed, or there was none.

BEGIN { FS = "\t" }

{ sub(/\r$/, "") }

$1 == "row" {
	names[++rows] = $2
	promise[$2] = $3; bound[$2] = $4; unit[$2] = $5; ours_is[$2] = $6; peer_is[$2] = $7
}
$1 == "pair" { n = ++pairs[$2]; ours[$2, n] = $3; peer[$2, n] = $4 }
$1 == "failed" { print "FAILED   " $2; missed++ }

function judged(name, i)
{
	if (promise[name] == "value")
		return ours[name, i]
	if (promise[name] == "ratio")
		return peer[name, i] ? ours[name, i] / peer[name, i] : 0
	return ours[name, i] - peer[name, i]
}

function sort(n,    i, j, t)
{
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
}

function middle(n) { sort(n); return v[int((n + 1) / 2)] }

function middle_of(which, name,    i)
{
	for (i = 1; i <= pairs[name]; i++)
		v[i] = which == "ours" ? ours[name, i] : which == "peer" ? peer[name, i] : judged(name, i)
	return middle(pairs[name])
}

function verdict(name, value)
{
	if (promise[name] == "absent" || promise[name] == "stated")
		return promise[name]
	if (!pairs[name] || value > bound[name]) {
		missed++
		return "MISSED"
	}
	return "ok"
}

END {
	printf "[" >json
	printf "%-22s %10s %10s %10s [%8s - %8s] %6s  %-6s  %s\n", "measured", "ours", "peer", "result", "least", "most",
		"bound", "", "what"
	for (r = 1; r <= rows; r++) {
		name = names[r]
		value = low = high = 0
		if (pairs[name]) {
			value = middle_of("judged", name)
			low = v[1]; high = v[pairs[name]]
		}
		said = verdict(name, value)
		mine = pairs[name] ? middle_of("ours", name) : 0
		other = pairs[name] ? middle_of("peer", name) : 0
		printf "%-22s %10.2f %10.2f %10.3f [%8.3f - %8.3f] %6s  %-6s  %s: %s%s\n", name, mine, other, value, low, high,
			(said == "stated" || said == "absent" ? "-" : bound[name]), said, unit[name], ours_is[name],
			(peer_is[name] == "" ? "" : " / " peer_is[name])
		printf "%s\n{\"name\": \"%s\", \"unit\": \"%s\", \"ours\": \"%s\", \"peer\": \"%s\", \"promise\": \"%s\", \"bound\": %s, \"result\": %.4f, \"verdict\": \"%s\", \"pairs\": [",
			(r > 1 ? "," : ""), name, unit[name], ours_is[name], peer_is[name], promise[name], bound[name], value, said >json
		for (i = 1; i <= pairs[name]; i++)
			printf "%s[%s, %s]", (i > 1 ? ", " : ""), ours[name, i], peer[name, i] >json
		printf "]}" >json
	}
	print "\n]" >json
	exit !rows || missed > 0
}
