/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numaperf demo: what its parts share.
 *
 *	demo.c           the order of the acts, preconditions, the verdict
 *	demo_claim.c     statements that are checked when they are printed
 *	demo_process.c   children and commands, none of which outlives the demo
 *	demo_janitor.c   what has to be removed, on every way out
 *	demo_measure.c   a window of measurement of a process, and claims on it
 *	demo_work.c      a workload that touches memory of one node from CPUs of another
 *	demo_locality.c  act 2: locality, measured
 *	demo_holder.c    a process that holds a strict pin and a strict region
 *	demo_cpuset.c    two cpuset cgroups
 *	demo_hard.c      act 3: strict placement against root
 *	demo_redis.c     act 4: Redis, well and badly placed
 *	demo_server.c    the Redis server of act 4, its data and its load
 */
#ifndef NUMAPERF_TOOLS_DEMO_H
#define NUMAPERF_TOOLS_DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <numaperf/collector.h>
#include <numaperf/enforcement.h>
#include <numaperf/topology.h>

#include "vmstat.h"

struct demo_claim {
	const char *act;
	char *text;
	bool holds;
};

struct demo {
	FILE *out;       /* stdout; stderr when stdout is for JSON */
	const char *act; /* being played */
	struct numaperf_topology *topology;
	int near; /* node whose CPUs work */
	int far;  /* the other one */
	bool usable[NUMAPERF_REPORT_SOURCES];
	struct demo_claim *claims;
	size_t nr_claims;
	pid_t janitor_pid;
	int janitor; /* where it listens */
};

/* demo_claim.c: every line of the demo but tables goes through these */
void demo_heading(struct demo *demo, const char *act, const char *title);
void demo_say(struct demo *demo, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints the statement with its verdict and keeps both; returns holds. */
bool demo_claim(struct demo *demo, bool holds, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A claim that fails with libnumaperf's last error as the reason; returns false. */
bool demo_claim_failed(struct demo *demo, const char *what);
size_t demo_failures(const struct demo *demo);
double demo_clock(void); /* seconds, monotonic */
void demo_pause(double seconds);

/* demo_process.c */
/* Like fork(2): the child is killed when the demo ends, however it ends. */
pid_t demo_fork(struct demo *demo);
/* A child that runs the command, its output to fd "output"; -1: could not be started. */
pid_t demo_spawn(struct demo *demo, const char *const argv[], int output);
/* Shows the command, what it prints and how it ends. Returns its exit status (127: not found), -1 if it was killed. */
int demo_command(struct demo *demo, const char *const argv[]);
bool demo_running(pid_t pid);
void demo_stop(pid_t pid); /* kills and reaps; nothing for pid <= 0 */
/* Is the program in PATH? If not: a failed claim that names its package. */
bool demo_need_program(struct demo *demo, const char *program, const char *package);
/* First line of a file; value of "key:" in /proc/PID/status; false: can't be read. */
bool demo_read_line(const char *path, char *line, size_t size);
bool demo_proc_status(pid_t pid, const char *key, char *value, size_t size);

/* demo_janitor.c */
enum demo_rubbish {
	DEMO_RUBBISH_FILE,
	DEMO_RUBBISH_DIRECTORY,
	DEMO_RUBBISH_CGROUP,     /* with the processes in it */
	DEMO_RUBBISH_CONTROLLER, /* cpuset in this cgroup.subtree_control */
};
int demo_janitor_start(struct demo *demo);
/* To be removed at the end, after all that is told later; told right after it was made. */
void demo_janitor_tell(struct demo *demo, enum demo_rubbish kind, const char *path);
/* True: everything was removed. */
bool demo_janitor_finish(struct demo *demo);

/* demo_measure.c */
struct demo_window {
	pid_t pid;
	struct numaperf_collector *collector;
	struct numaperf_snapshot *from;
	struct vmstat before;
};
struct demo_result {
	struct numaperf_report *report;
	struct vmstat vmstat; /* in the window */
};
struct demo_expectation {
	bool above;       /* at least "local"; else at most */
	double local;     /* 0 to 1 */
	uint64_t samples; /* at least */
};
bool demo_window_open(struct demo *demo, pid_t pid, unsigned fault_period, struct demo_window *ret_window);
/* Ends when each usable source has that many samples, or after max_seconds; false: a claim has failed. */
bool demo_window_wait(struct demo *demo, const struct demo_window *window, uint64_t samples, double max_seconds,
		      struct demo_result *ret_result);
/*
 * Did the whole machine take fewer hint faults than that? The balancing scanner pauses in proportion to what its last scan cost
 * (task_numa_work()), so a guest that was not given its CPU in the middle of one may see none for long: a fresh process is not held up.
 */
bool demo_scan_stalled(struct demo *demo, const struct demo_result *result, uint64_t samples);
#define DEMO_ATTEMPTS 3
void demo_window_close(struct demo_window *window);
void demo_result_free(struct demo_result *result);
bool demo_claim_ratio(struct demo *demo, const struct numaperf_report *report, enum numaperf_report_source source,
		      const struct demo_expectation *expected);
/* "hint faults", "page-fault samples" */
const char *demo_source_name(enum numaperf_report_source source);

/* demo_work.c */
struct demo_work {
	unsigned threads;
	int cpu_node, page_node;
};
/* Starts it in a process of its own; it works until it is stopped. -1: a claim has failed. */
pid_t demo_work_start(struct demo *demo, const struct demo_work *work);

/* demo_holder.c */
struct demo_holding { /* what the holder says of itself, by libnumaperf, verified when asked */
	bool failed;
	char error[256];
	struct numaperf_enforcement pin, region;
	uint64_t addr, size;
	uint64_t pages_near, pages_elsewhere;
	bool verified; /* all pages where they were asked, and some are resident */
};
struct demo_holder {
	pid_t pid;
	int socket;
};
bool demo_holder_start(struct demo *demo, struct demo_holder *ret_holder);
bool demo_holder_pin(struct demo *demo, struct demo_holder *holder, unsigned cpu, struct demo_holding *ret_holding);
bool demo_holder_look(struct demo *demo, struct demo_holder *holder, struct demo_holding *ret_holding);
void demo_holder_stop(struct demo_holder *holder);
/* A process like any other: its affinity is set to the CPU, nothing holds it. */
pid_t demo_bystander_start(struct demo *demo, unsigned cpu);

/* demo_cpuset.c */
struct demo_cpuset {
	char path[256];
};
bool demo_cpuset_make(struct demo *demo, const char *name, const struct numaperf_cpuset *cpus,
		      struct demo_cpuset *ret_cpuset);
/* 0 or -errno, and the shell's way to say it is shown */
int demo_cpuset_write(struct demo *demo, const struct demo_cpuset *cpuset, const char *file, const char *text);
int demo_cpuset_move(struct demo *demo, const struct demo_cpuset *cpuset, pid_t pid);
bool demo_cpuset_has(const struct demo_cpuset *cpuset, pid_t pid);

/* demo_server.c */
struct demo_server {
	pid_t pid, load_pid;
	int socket;
	char directory[64], address[96], log[96];
};
/* Starts Redis by the command in front of its own (e.g. "numaperf run ... --"); false: a claim has failed. */
bool demo_server_start(struct demo *demo, const char *const launcher[], struct demo_server *ret_server);
bool demo_server_fill(struct demo *demo, struct demo_server *server);
/* redis-benchmark on a CPU of its own, until the server is stopped */
bool demo_server_drive(struct demo *demo, struct demo_server *server, unsigned cpu);
bool demo_server_info(struct demo_server *server, const char *section, const char *key, uint64_t *ret_value);
void demo_server_stop(struct demo_server *server);

/* The acts */
void demo_show_topology(struct demo *demo);
void demo_show_locality(struct demo *demo);
void demo_show_hard(struct demo *demo);
void demo_show_redis(struct demo *demo);

#endif
