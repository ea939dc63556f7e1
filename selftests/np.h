/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share: the device's calls, the topology, memory with a policy, other processes. Raw system calls
 * and sysfs only, so that nothing of numaperf's own library is trusted here.
 *
 * Functions that can fail return 0 (or a count) or -errno, so that a test reads ASSERT_EQ(-EPERM, np_revoke(...)).
 */
#ifndef NP_H
#define NP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/numaperf.h>

/* ------------------------------------------------------------------ sets */

#define NP_SET_BITS 4096

struct np_set {
	__u64 words[NP_SET_BITS / 64];
};

void np_set_add(struct np_set *set, int id);
bool np_set_has(const struct np_set *set, int id);
int np_set_first(const struct np_set *set);	/* -1: empty */
int np_set_next(const struct np_set *set, int id);
int np_set_count(const struct np_set *set);
bool np_set_equal(const struct np_set *a, const struct np_set *b);
struct np_set np_set_of(int id);
int np_set_read(const char *path, struct np_set *set);	/* the kernel's list syntax */

/* -------------------------------------------------------------- topology */

/**
 * struct np_topo - what this machine can show
 * @cpus: CPUs that the calling thread may use
 * @memory: nodes whose memory can be pinned (some of it outside ZONE_MOVABLE)
 * @movable: nodes that have memory in ZONE_MOVABLE only
 * @near: a node with an allowed CPU and pinnable memory
 * @far: another node with memory, if possible pinnable and with a CPU; -1: none
 * @near_cpu: a CPU of @near
 * @far_cpu: a CPU of @far; -1: none
 */
struct np_topo {
	struct np_set cpus;
	struct np_set memory;
	struct np_set movable;
	int near;
	int far;
	int near_cpu;
	int far_cpu;
};

int np_topo_read(struct np_topo *topo);
int np_node_of_cpu(int cpu);

/* -------------------------------------------------------------- affinity */

int np_affinity_get(pid_t tid, struct np_set *cpus);
int np_affinity_set(pid_t tid, const struct np_set *cpus);
int np_affinity_set_cpu(pid_t tid, int cpu);
/* Try to widen (or move) the thread to @cpus from another process of root's. */
int np_affinity_set_foreign(pid_t tid, const struct np_set *cpus);

/* ---------------------------------------------------------------- device */

int np_open(int flags);		/* O_RDWR is added */
int np_ioctl(int fd, unsigned long nr, void *arg);
int np_info(int fd, struct numaperf_ioc_info *info);
bool np_feature(int fd, enum numaperf_feature feature);
int np_pin_thread(int fd, pid_t tid, const struct np_set *cpus, __u32 flags, struct numaperf_ioc_thread_pin *pin);
int np_pin_range(int fd, const void *addr, size_t length, const struct np_set *nodes, __u32 flags,
		 struct numaperf_ioc_range_pin *pin);
int np_release(int fd, __u64 lease);
int np_revoke(int fd, __u64 lease);
int np_rearm(int fd, __u64 lease, __u32 flags, struct numaperf_ioc_rearm *rearm);
/* One lease's record; -ENOENT when there is none. */
int np_lease(int fd, __u64 lease, struct numaperf_lease_record *record);
bool np_lease_gone(int fd, __u64 lease);
bool np_lease_lost(int fd, __u64 lease);
/* The next event within a generous time; -ETIMEDOUT. */
int np_event(int fd, struct numaperf_event_record *event);
/* The next one of this type; others are passed over. */
int np_event_of(int fd, enum numaperf_event_type type, struct numaperf_event_record *event);

/* ---------------------------------------------------------------- memory */

size_t np_page_size(void);
/* Anonymous private memory in small pages, not yet touched. MAP_FAILED never comes back: the test ends. */
void *np_map(size_t length);
int np_unmap(void *addr, size_t length);
/* As np_map, bound to the node (not hidden from the balancing scan) and written to. */
void *np_map_on(int node, size_t length);
void np_touch(void *addr, size_t length);
void np_touch_fresh(size_t pages);	/* map, touch, unmap: so many page faults */
int np_bind(void *addr, size_t length, int node);
int np_bind_plain(void *addr, size_t length, int node);	/* MPOL_BIND without more: never scanned */
int np_unbind(void *addr, size_t length);		/* back to the default policy */
int np_mbind_move(void *addr, size_t length, int node);
int np_task_bind(int node, bool balancing);		/* set_mempolicy */
/* Does the machine's balancing make hint faults? */
bool np_balancing(void);
/* Let the balancing scan come soon and often; and as before. */
void np_scan_fast(void);
void np_scan_restore(void);
/*
 * As np_map_on, and spin on the CPU, which must not be of that node (the kernel skips local pages of a process with one
 * thread), until the balancing scan has armed as many pages. NULL: it did not come.
 */
void *np_map_armed(int cpu, int node, size_t length);
/* Node of the page at addr by move_pages' query, -errno: not present. */
int np_node_of_page(void *addr);
size_t np_pages_on(void *addr, size_t length, int node);
/* Ask the kernel to move the pages of a process; what comes of it is seen by np_pages_on. */
void np_move_pages(pid_t pid, void *addr, size_t length, int node);
void np_migrate_pages(pid_t pid, int from, int to);
/* Two MiB of transparent huge page on the node; NULL: not to be had here. */
void *np_map_huge(int node, size_t *ret_size);
size_t np_huge_size(void);
/* A "Name:  123 kB" line of /proc/PID/status and the like, in bytes; -errno. */
long long np_proc_bytes(const char *path, const char *name);
unsigned long long np_vmstat(const char *name);

/* ---------------------------------------------------------------- module */

/* NUMAPERF_KO, or ../kmod/numaperf.ko beside the programs. */
const char *np_module_path(void);
int np_module_load(const char *parameters);
int np_module_unload(void);
bool np_module_loaded(void);
/* What it was loaded with, so that it can be loaded like that again. */
void np_module_parameters(char *text, size_t size);

/* ----------------------------------------------------------- the machine */

#define NP_CGROUPS "/sys/fs/cgroup"	/* version 2 */

int np_cgroup_write(const char *group, const char *file, const char *text);
int np_cgroup_write_number(const char *group, const char *file, int number);
int np_cpuset_write(const char *group, int from, int to);	/* cpuset.cpus */
int np_cpu_online(int cpu, bool online);
bool np_cpu_can_go_offline(int cpu);

/* ----------------------------------------------------------------- files */

int np_write_file(const char *path, const char *text);
int np_read_file(const char *path, char *text, size_t size);	/* length or -errno */

/* ------------------------------------------------------------- processes */

#define NP_NOBODY	65534
#define NP_SOMEBODY	65533
/* The status of a child that could not get a user namespace of its own. */
#define NP_NO_NAMESPACE	200

/* A child process and a socket to it; messages are single numbers. */
struct np_child {
	pid_t pid;
	int socket;
};

typedef int (*np_child_fn)(struct np_child *me, void *arg);

/* fn runs in a child, as user uid, and its result (an errno, say) is the exit status. */
int np_spawn(struct np_child *child, uid_t uid, np_child_fn fn, void *arg);
int np_say(struct np_child *child, __u64 value);
int np_hear(struct np_child *child, __u64 *value);
int np_reap(struct np_child *child);	/* exit status, 256 + signal, -errno */
int np_kill(struct np_child *child);	/* SIGKILL, and reap */
/* Spawn and reap: the exit status. */
int np_run(uid_t uid, np_child_fn fn, void *arg);
/* In a child: all capabilities, in a new user namespace, so none that counts. */
int np_enter_user_namespace(void);
/* For errors inside a child: the exit status that says this errno. */
static inline int np_status(int err)
{
	return err < 0 ? -err : 0;
}

/* The helper program's path, and its exec: "np_helper VERB ARGS". */
const char *np_helper_path(void);
int np_exec_helper(const char *path, const char *verb, long number, int socket);

/* A copy of the helper program with any mode, on a file system where set-id counts. */
struct np_program {
	char dir[32];
	char path[64];
};

int np_program_install(struct np_program *program, mode_t mode);
void np_program_remove(struct np_program *program);

/* ----------------------------------------------------------------- waits */

/* Generous: the guests are emulated and share two cores. */
#define NP_PATIENCE_SECONDS 60

__u64 np_now_ns(void);
void np_nap(void);
/* True as soon as cond is, false if it does not come true in time. */
#define np_eventually(cond) ({							\
	__u64 np_end_ = np_now_ns() + NP_PATIENCE_SECONDS * 1000000000ULL;	\
	bool np_true_;								\
	while (!(np_true_ = (cond)) && np_now_ns() < np_end_)			\
		np_nap();							\
	np_true_;								\
})

#endif
