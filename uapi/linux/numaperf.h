/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * numaperf: strict NUMA placement, and locality that is measured.
 *
 * The whole ABI of numaperf.ko. Everything goes through ioctl(2), read(2) and
 * poll(2) on a descriptor of /dev/numaperf; one open file is a *session*.
 *
 * Conventions
 * -----------
 * Every argument structure begins with
 *
 *	__u32 size;	sizeof(the structure) as the caller was compiled
 *	__u32 flags;	bits of this call, or 0
 *
 * and grows only at its end. An older caller's shorter structure is taken as
 * if the rest were zero; a newer caller's longer structure is accepted if what
 * this kernel does not know is zero. Results are written back into the
 * caller's structure up to the caller's size. Fields named "pad" must be zero.
 * The ioctl numbers do not encode a size.
 *
 * Node and CPU sets are bitmaps of __u64 words, least significant bit first:
 * bit n of the set is bit n % 64 of word n / 64. "bits" is how many bits the
 * array holds (a multiple of 64, at most NUMAPERF_SET_BITS_MAX). Ids are the
 * kernel's; they may be sparse and are never an index into a result array.
 *
 * Errno contract
 * --------------
 *	E2BIG		size is larger than this kernel's structure and what it
 *			does not know is not zero
 *	EINVAL		size is smaller than the first version of the structure;
 *			a value is out of range: empty set, zero or unaligned or
 *			wrapping range, unknown source
 *	EOPNOTSUPP	unknown flag or non-zero padding; or this kernel lacks
 *			the feature (struct numaperf_ioc_info says which and why)
 *	ENOTTY		unknown ioctl number
 *	EFAULT		the argument, or memory it points at, can't be accessed
 *	EMSGSIZE	a result array is too small; the needed count is in the
 *			structure, nothing else was written
 *	EPERM		not allowed for this caller
 *	ESRCH		no such process or thread
 *	ENOENT		no such lease or target
 *	ESTALE		the session is used by another process than the one that
 *			took the lease
 *	EBUSY		already strictly pinned, or in a state that excludes it
 *	EDQUOT		a quota of this user is used up; reason says which
 *			(open(2): sessions_max)
 *	ENOMEM		the kernel has no memory for its own bookkeeping; region: the
 *			nodes or the memory cgroup can't give it
 *	EMFILE, ENFILE	no descriptor is left for what the call makes
 *	EXDEV		strict pin: a CPU or page is outside the asked set; region: a
 *			node is outside the caller's cpuset
 *	EADDRNOTAVAIL	range pin: memory that can't be held where it is
 *			(ZONE_MOVABLE, a device); region: a node has no other
 *	ENODATA		range pin: a page of the range is not mapped or not present
 *	EACCES		range pin: a mapping that isn't writable, or a writable
 *			mapping of a file other than shmem and hugetlb
 *	EINTR		interrupted by a signal; nothing was taken
 *
 * Calls that take something write @reason (enum numaperf_reason) also when
 * they fail, so that two causes of one errno can be told apart.
 */
#ifndef _UAPI_LINUX_NUMAPERF_H
#define _UAPI_LINUX_NUMAPERF_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NUMAPERF_DEVICE_NAME	"numaperf"
#define NUMAPERF_DEVICE_PATH	"/dev/numaperf"

#define NUMAPERF_SET_BITS_MAX	65536
#define NUMAPERF_COMM_LEN	16

#define NUMAPERF_IOC_INFO	_IO('N', 0x80)	/* struct numaperf_ioc_info */
#define NUMAPERF_IOC_THREAD_PIN	_IO('N', 0x81)	/* struct numaperf_ioc_thread_pin */
#define NUMAPERF_IOC_RANGE_PIN	_IO('N', 0x82)	/* struct numaperf_ioc_range_pin */
#define NUMAPERF_IOC_RELEASE	_IO('N', 0x83)	/* struct numaperf_ioc_release */
#define NUMAPERF_IOC_PLACEMENT	_IO('N', 0x84)	/* struct numaperf_ioc_placement */
#define NUMAPERF_IOC_TRACK	_IO('N', 0x85)	/* struct numaperf_ioc_track */
#define NUMAPERF_IOC_READ	_IO('N', 0x86)	/* struct numaperf_ioc_read */
#define NUMAPERF_IOC_REGION_NEW	_IO('N', 0x87)	/* struct numaperf_ioc_region_new */
#define NUMAPERF_IOC_LEASES	_IO('N', 0x88)	/* struct numaperf_ioc_leases */
#define NUMAPERF_IOC_REVOKE	_IO('N', 0x89)	/* struct numaperf_ioc_release */
#define NUMAPERF_IOC_REARM	_IO('N', 0x8a)	/* struct numaperf_ioc_rearm */
#define NUMAPERF_IOC_REGION_SET	_IO('N', 0x8b)	/* struct numaperf_ioc_region_set */
#define NUMAPERF_IOC_REGION_READ _IO('N', 0x8c)	/* struct numaperf_ioc_region_read */
#define NUMAPERF_IOC_WATCH	_IO('N', 0x8d)	/* struct numaperf_ioc_watch */
#define NUMAPERF_IOC_COUNTERS	_IO('N', 0x8e)	/* struct numaperf_ioc_counters */
#define NUMAPERF_IOC_ALARM	_IO('N', 0x8f)	/* struct numaperf_ioc_alarm */

/*
 * In flags of every call that takes something (THREAD_PIN, RANGE_PIN, REARM,
 * REGION_NEW, TRACK):
 * do all checks, take nothing. 0 means that the call would have succeeded.
 */
#define NUMAPERF_DRY_RUN	(1U << 31)

/* Why: told by failing calls, by lost or ended leases, by absent sources. */
enum numaperf_reason {
	NUMAPERF_REASON_NONE = 0,

	/* a source or feature is not there */
	NUMAPERF_REASON_DISABLED = 1,		/* by module parameter */
	NUMAPERF_REASON_NO_HOOK = 2,		/* this kernel lacks the hook */
	NUMAPERF_REASON_NO_BALANCING = 3,	/* built without NUMA balancing */
	NUMAPERF_REASON_NOT_REQUESTED = 4,	/* the target was tracked without it */

	/* a thread pin is refused */
	NUMAPERF_REASON_OUTSIDE_SET = 16,	/* affinity not within the set */
	NUMAPERF_REASON_ALREADY_PINNED = 17,
	NUMAPERF_REASON_DEADLINE = 18,		/* SCHED_DEADLINE excludes it */
	NUMAPERF_REASON_FOREIGN_THREAD = 19,	/* not of the caller's process */
	NUMAPERF_REASON_UNREACHABLE = 20,	/* thread couldn't be armed in time */
	NUMAPERF_REASON_PRIVILEGE = 21,		/* strict_pin=cap; TRACK of another's */
	NUMAPERF_REASON_EXCLUSIVE = 22,		/* a CPU is taken, or would be */

	/* a range pin is refused */
	NUMAPERF_REASON_UNMAPPED = 32,		/* wrong_addr: start of the hole */
	NUMAPERF_REASON_ABSENT = 33,		/* wrong_addr: touch it first */
	NUMAPERF_REASON_WRONG_NODE = 34,	/* wrong_addr, wrong_node */
	NUMAPERF_REASON_MOVABLE_ONLY = 35,	/* a page in ZONE_MOVABLE */
	NUMAPERF_REASON_READ_ONLY = 36,
	NUMAPERF_REASON_FILE_MAPPING = 37,	/* writable, neither shmem nor hugetlb */
	NUMAPERF_REASON_DEVICE_MAPPING = 38,	/* VM_IO, VM_PFNMAP, device memory */

	/* a quota is used up */
	NUMAPERF_REASON_LOCKED_MEMORY = 48,	/* RLIMIT_MEMLOCK, summed per user */
	NUMAPERF_REASON_LEASE_QUOTA = 49,
	NUMAPERF_REASON_THREAD_QUOTA = 50,
	NUMAPERF_REASON_NO_MEMORY = 51,		/* the kernel had none */
	NUMAPERF_REASON_NODE_CEILING = 52,	/* node_locked_max: wrong_node */
	NUMAPERF_REASON_NODE_MEMORY = 53,	/* wrong_node has too little free */
	NUMAPERF_REASON_RANGE_QUOTA = 54,	/* watched ranges of a target */
	NUMAPERF_REASON_SAMPLE_BUDGET = 55,	/* samples a second of this user */

	/* a lease was lost (it still exists, but no longer holds) */
	NUMAPERF_REASON_CPUSET = 64,		/* its CPUs left the cpuset */
	NUMAPERF_REASON_CPU_OFFLINE = 65,
	NUMAPERF_REASON_UNMAPPED_PART = 66,	/* munmap, mremap, MADV_DONTNEED */

	/* a lease ended, or a target is no longer counted */
	NUMAPERF_REASON_RELEASED = 80,
	NUMAPERF_REASON_CLOSED = 81,
	NUMAPERF_REASON_EXITED = 82,
	NUMAPERF_REASON_EXECED = 83,
	NUMAPERF_REASON_REVOKED = 84,
	NUMAPERF_REASON_UNMAPPED_ALL = 85,
	NUMAPERF_REASON_CREDENTIALS = 86,	/* set-id exec, changed credentials */
};

/* ------------------------------------------------------------------ info */

enum numaperf_feature {
	NUMAPERF_FEATURE_THREAD_PIN = 0,
	NUMAPERF_FEATURE_RANGE_PIN = 1,
	NUMAPERF_FEATURE_PLACEMENT = 2,
	NUMAPERF_FEATURE_HINT = 3,		/* source "hint" */
	NUMAPERF_FEATURE_FAULT = 4,		/* source "fault" */
	NUMAPERF_FEATURE_MM_HOLD = 5,		/* single-threaded targets seen right */
	NUMAPERF_FEATURE_REASSERT = 6,		/* pins re-asserted after cpuset writes */
	NUMAPERF_FEATURE_REGION = 7,		/* observed regions */
	NUMAPERF_FEATURE_REGION_HUGE = 8,	/* of 2 MiB pages */
	NUMAPERF_FEATURE_WATCH = 9,		/* attribution to ranges */
	NUMAPERF_FEATURE_SWITCHES = 10,		/* migrations and node switches */
	NUMAPERF_FEATURE_COUNTERS = 11,		/* read-only mapping */
	NUMAPERF_FEATURE_EXCLUSIVE = 12,
	NUMAPERF_FEATURE_REFUSALS = 13,		/* refused moves are seen */
	NUMAPERF_FEATURE_ALARM = 14,
	NUMAPERF_FEATURE_NETLINK = 15,
	NUMAPERF_FEATURE_COUNT
};

/*
 * Sources of samples; what each measures (its estimand):
 * HINT		"touched-pages": of the pages touched since the balancing scan
 *		armed them, on which node they were when touched, and from which
 *		CPU node
 * FAULT	"first-touch": on which node freshly faulted pages landed
 */
enum numaperf_source {
	NUMAPERF_SOURCE_HINT = 0,
	NUMAPERF_SOURCE_FAULT = 1,
	NUMAPERF_SOURCE_COUNT
};

/**
 * struct numaperf_ioc_info - what this module can do here (NUMAPERF_IOC_INFO)
 * @size: see above
 * @flags: 0
 * @features: out: bit n is feature n, as far as it works here
 * @known: out: all features this module knows
 * @reasons: out: for each feature, why its bit is not set (enum numaperf_reason)
 * @active: out: bit n: hooks of source n are registered at the moment
 * @node_ids: out: node ids are below this
 * @cpu_ids: out: CPU ids are below this
 * @page_size: out: bytes
 * @locked_bytes: out: locked memory charged to the caller's user, by anyone
 * @locked_limit: out: the caller's RLIMIT_MEMLOCK; ~0: unlimited or privileged
 * @leases: out: leases that the caller's user holds
 * @leases_max: out: how many it may hold
 * @threads: out: threads tracked for the caller's user
 * @threads_max: out: how many it may track
 * @sessions: out: open sessions of the whole module
 */
struct numaperf_ioc_info {
	__u32 size;
	__u32 flags;
	__u64 features;
	__u64 known;
	__u16 reasons[16];
	__u32 active;
	__u32 node_ids;
	__u32 cpu_ids;
	__u32 page_size;
	__u64 locked_bytes;
	__u64 locked_limit;
	__u32 leases;
	__u32 leases_max;
	__u32 threads;
	__u32 threads_max;
	__u32 sessions;
	__u32 pad;
};

/* ---------------------------------------------------------------- leases */

/* flags of THREAD_PIN */
#define NUMAPERF_PIN_INHERIT_THREADS	(1U << 0)  /* threads created later too */
#define NUMAPERF_PIN_INHERIT_CHILDREN	(1U << 1)  /* forked children too */
#define NUMAPERF_PIN_KEEP_ON_EXEC	(1U << 2)  /* the lease outlives exec */
#define NUMAPERF_PIN_EXCLUSIVE		(1U << 3)  /* no other strict pin on these
						    * CPUs, until the lease ends;
						    * needs CAP_SYS_NICE
						    */

/**
 * struct numaperf_ioc_thread_pin - lock a thread's affinity (NUMAPERF_IOC_THREAD_PIN)
 * @size: see above
 * @flags: NUMAPERF_PIN_*, NUMAPERF_DRY_RUN
 * @tid: thread of the caller's process, 0: the caller
 * @cpus_bits: bits in *@cpus
 * @cpus: set of CPUs; the thread's affinity must be within it
 * @lease: out: id of the new lease
 * @reason: out: enum numaperf_reason
 * @pad: 0
 *
 * Locks the affinity that the thread *has* (set it before, by
 * sched_setaffinity(2), which honours the cpuset). While the lease lives,
 * sched_setaffinity(2) on the thread by anyone, moving it into another cpuset
 * and enabling the cpuset controller above it fail with EINVAL; when the
 * kernel rewrites the mask by itself (cpuset writes, CPU hotplug), it is
 * re-asserted, or the lease becomes lost. So it does if the thread becomes
 * SCHED_DEADLINE, which the kernel allows one that may run everywhere.
 *
 * EBUSY with reason EXCLUSIVE: an exclusive lease has one of these CPUs, or this
 * one would be exclusive and any lease on threads has. A lost lease keeps its
 * CPUs. EPERM with reason PRIVILEGE: exclusive without CAP_SYS_NICE.
 */
struct numaperf_ioc_thread_pin {
	__u32 size;
	__u32 flags;
	__s32 tid;
	__u32 cpus_bits;
	__aligned_u64 cpus;
	__u64 lease;
	__u32 reason;
	__u32 pad;
};

/**
 * struct numaperf_ioc_range_pin - hold pages where they are (NUMAPERF_IOC_RANGE_PIN)
 * @size: see above
 * @flags: NUMAPERF_DRY_RUN
 * @addr: start, page-aligned, in the caller's address space
 * @length: bytes, a multiple of the page size
 * @nodes: set of nodes; every page must already be on one of them
 * @nodes_bits: bits in *@nodes
 * @reason: out: enum numaperf_reason
 * @lease: out: id of the new lease
 * @wrong_addr: out: the first page that stood in the way
 * @wrong_node: out: its node, -1: none
 * @pad: 0
 *
 * All or nothing. Nothing absent is faulted in: touch it before, by writing. (A
 * page that is still shared by copy-on-write is copied, as by a write.) Pages
 * are charged to the locked memory of the user. At most 1 TiB in one lease
 * (ENOMEM beyond). munmap, mremap, MAP_FIXED and
 * MADV_DONTNEED over the range take those pages out of the lease and make it
 * lost.
 */
struct numaperf_ioc_range_pin {
	__u32 size;
	__u32 flags;
	__u64 addr;
	__u64 length;
	__aligned_u64 nodes;
	__u32 nodes_bits;
	__u32 reason;
	__u64 lease;
	__u64 wrong_addr;
	__s32 wrong_node;
	__u32 pad;
};

/**
 * struct numaperf_ioc_release - end a lease (NUMAPERF_IOC_RELEASE, _REVOKE)
 * @size: see above
 * @flags: 0
 * @lease: its id
 *
 * RELEASE: a lease of this session, by the process that took it (ESTALE
 * otherwise). REVOKE: any lease, with CAP_SYS_NICE in the initial user
 * namespace; the holder gets an event.
 *
 * Threads that are neither asleep nor in user mode within a second (for all of
 * them together) are freed when they next come back to user mode; the lease has
 * ended all the same.
 */
struct numaperf_ioc_release {
	__u32 size;
	__u32 flags;
	__u64 lease;
};

enum numaperf_lease_kind {
	NUMAPERF_LEASE_THREAD = 1,
	NUMAPERF_LEASE_RANGE = 2,
	NUMAPERF_LEASE_REGION = 3,
};

enum numaperf_lease_state {
	NUMAPERF_LEASE_HELD = 1,
	NUMAPERF_LEASE_LOST = 2,
};

/**
 * struct numaperf_lease_record - one lease, as listed
 * @id: never reused while the module is loaded
 * @kind: enum numaperf_lease_kind
 * @state: enum numaperf_lease_state
 * @reason: why it is lost, else 0
 * @flags: as taken
 * @pid: process that took it, as the caller sees it; 0: not visible from here
 * @tid: the pinned thread (THREAD), else 0
 * @uid: its user, in the caller's user namespace
 * @threads: threads pinned now (THREAD)
 * @comm: name of the pinned thread or of the process
 * @since_ns: CLOCK_MONOTONIC when it was taken
 * @addr: start of the range; 0 unless it is the caller's own or the caller has
 *	CAP_PERFMON
 * @length: bytes asked (RANGE, REGION)
 * @held: bytes held now (RANGE, REGION)
 * @reasserted: times the mask was put back after the kernel rewrote it
 * @losses: times the lease became lost, or pages taken out of it
 */
struct numaperf_lease_record {
	__u64 id;
	__u32 kind;
	__u32 state;
	__u32 reason;
	__u32 flags;
	__s32 pid;
	__s32 tid;
	__u32 uid;
	__u32 threads;
	char comm[NUMAPERF_COMM_LEN];
	__u64 since_ns;
	__u64 addr;
	__u64 length;
	__u64 held;
	__u64 reasserted;
	__u64 losses;
};

/**
 * struct numaperf_ioc_rearm - make a lost lease hold again (NUMAPERF_IOC_REARM)
 * @size: see above
 * @flags: NUMAPERF_DRY_RUN
 * @lease: its id; of this session, by the process that took it
 * @reason: out: why it can't (enum numaperf_reason)
 * @wrong_node: out: of the page that stood in the way, -1: none
 * @wrong_addr: out: ranges: the first page that stood in the way
 *
 * A lease that was lost stays so until it is re-armed, also when its CPUs come
 * back: what happened meanwhile is for the holder to judge. THREAD: every thread
 * has CPUs of the lease again. RANGE: the pages that went are pinned anew; they
 * must be mapped, present and on the lease's nodes. All or nothing. 0 also if
 * the lease was not lost. Event LEASE_REARMED.
 *
 * EXDEV with reason CPUSET or CPU_OFFLINE: a thread has none of its CPUs. EBUSY:
 * reason DEADLINE. ENOMEM with reason NO_MEMORY: a thread that should have
 * inherited the pin has none, for good: release and pin anew. Ranges: as
 * RANGE_PIN. EOPNOTSUPP: leases of this kind can't be re-armed.
 */
struct numaperf_ioc_rearm {
	__u32 size;
	__u32 flags;
	__u64 lease;
	__u32 reason;
	__s32 wrong_node;
	__u64 wrong_addr;
};

/* flags of LEASES */
#define NUMAPERF_LEASES_MINE	(1U << 0)	/* this session's only */

/**
 * struct numaperf_ioc_leases - list leases (NUMAPERF_IOC_LEASES)
 * @size: see above
 * @flags: NUMAPERF_LEASES_MINE
 * @lease: only this one; 0: all that the caller may see (those of its own
 *	user; with CAP_SYS_NICE everyone's)
 * @entries: array of struct numaperf_lease_record
 * @count: in: room in *@entries; out: leases there are
 * @entry_size: sizeof(struct numaperf_lease_record)
 * @set: bitmap for the CPUs or nodes of lease @lease, or 0
 * @set_bits: in: bits in *@set; out (EMSGSIZE): bits needed
 * @pad: 0
 */
struct numaperf_ioc_leases {
	__u32 size;
	__u32 flags;
	__u64 lease;
	__aligned_u64 entries;
	__u32 count;
	__u32 entry_size;
	__aligned_u64 set;
	__u32 set_bits;
	__u32 pad;
};

/* ------------------------------------------------------- observed regions */

/* flags of REGION_NEW */
#define NUMAPERF_REGION_HUGE		(1U << 0)  /* 2 MiB pages */
#define NUMAPERF_REGION_INTERLEAVE	(1U << 1)  /* page i on node i modulo the
						    * set, in order of id; else
						    * bind: any node of the set
						    */

#define NUMAPERF_REGION_PARTS_MAX	1024
#define NUMAPERF_REGION_RATE_MAX	1000000	/* per second */
#define NUMAPERF_REGION_REPEAT_MAX	255

/**
 * struct numaperf_ioc_region_new - memory that can't move and whose use is
 *	sampled (NUMAPERF_IOC_REGION_NEW)
 * @size: see above
 * @flags: NUMAPERF_REGION_*, NUMAPERF_DRY_RUN
 * @length: bytes, a multiple of the region's page size
 * @nodes: set of nodes; each must have memory that can be held (EADDRNOTAVAIL
 *	MOVABLE_ONLY) and be allowed by the caller's cpuset (EXDEV CPUSET)
 * @nodes_bits: bits in *@nodes
 * @parts: equal parts of the region that accesses are told apart by; 0: one;
 *	at most one a page
 * @rate: pages sampled a second; 0: none, and no cost
 * @fd: out: descriptor (close-on-exec) to mmap, MAP_SHARED, whole or in part
 * @lease: out: id of the new lease
 * @reason: out: enum numaperf_reason
 * @wrong_node: out: the node that has too little memory, -1: none
 *
 * All pages are there, zeroed, on their nodes, when the call returns, or none
 * (ENOMEM). They are charged to the memory cgroup of the caller and to the
 * locked memory of its user (as is what sampling needs, from the first rate
 * above 0 on), and live until the last mapping and descriptor are
 * gone; the lease stands for the observation and the promise. It ends like any
 * other, and sampling with it, while the memory stays; or with the memory
 * (UNMAPPED_ALL). When the cpuset of the process is narrowed so that it leaves
 * the nodes out, the pages stay all the same; the lease is LOST (CPUSET) as soon
 * as it is listed or read. MAP_PRIVATE is EINVAL, so is a mapping that reaches
 * beyond the region.
 */
struct numaperf_ioc_region_new {
	__u32 size;
	__u32 flags;
	__u64 length;
	__aligned_u64 nodes;
	__u32 nodes_bits;
	__u32 parts;
	__u32 rate;
	__s32 fd;
	__u64 lease;
	__u32 reason;
	__s32 wrong_node;
};

/**
 * struct numaperf_ioc_region_set - change how a region is sampled
 *	(NUMAPERF_IOC_REGION_SET)
 * @size: see above
 * @flags: 0
 * @lease: of the region
 * @rate: pages sampled a second; 0: none
 * @repeat: consecutive re-faults awaited of a chosen page; 0: 1; at most
 *	NUMAPERF_REGION_REPEAT_MAX. Up to 512 pages are followed like that at
 *	once, and have precedence over new ones; when one more is chosen, the next
 *	uses of one of them are no longer awaited.
 */
struct numaperf_ioc_region_set {
	__u32 size;
	__u32 flags;
	__u64 lease;
	__u32 rate;
	__u32 repeat;
};

/**
 * struct numaperf_region_thread - a thread that used a region
 * @pid: its process, as the caller sees it
 * @tid: the thread; 0: those for which there was no record of their own
 * @comm: its name
 */
struct numaperf_region_thread {
	__s32 pid;
	__s32 tid;
	char comm[NUMAPERF_COMM_LEN];
};

/**
 * struct numaperf_region_cell - who used a uniformly chosen page next
 * @thread: index into the array of threads of the same REGION_READ
 * @part: of the region
 * @cpu_node: node of the CPU that accessed
 * @page_node: node of the page
 * @reads: first accesses that read
 * @writes: first accesses that wrote
 */
struct numaperf_region_cell {
	__u32 thread;
	__u32 part;
	__s32 cpu_node;
	__s32 page_node;
	__u64 reads;
	__u64 writes;
};

/* flags of struct numaperf_region_sample */
#define NUMAPERF_SAMPLE_WRITE	(1U << 0)
#define NUMAPERF_SAMPLE_OPEN	(1U << 1)  /* not used again so far */
#define NUMAPERF_SAMPLE_CLOSE	(1U << 2)  /* unmapped right after the access
					    * of the turn before: the same
					    * thread made none in between
					    */

/**
 * struct numaperf_region_sample - one page that was unmapped and used again
 * @page: its index in the region, in the region's pages
 * @armed_ns: CLOCK_MONOTONIC when it was unmapped
 * @delay_ns: from then to its use, or so far (OPEN)
 * @cpu_node: node of the CPU that accessed, -1: OPEN
 * @page_node: node of the page
 * @tid: thread, as the caller sees it
 * @turn: which of the consecutive re-faults of this choice, from 0
 * @flags: NUMAPERF_SAMPLE_*
 * @pad: 0
 */
struct numaperf_region_sample {
	__u64 page;
	__u64 armed_ns;
	__u64 delay_ns;
	__s32 cpu_node;
	__s32 page_node;
	__s32 tid;
	__u32 turn;
	__u32 flags;
	__u32 pad;
};

/**
 * struct numaperf_ioc_region_read - what was observed (NUMAPERF_IOC_REGION_READ)
 * @size: see above
 * @flags: 0
 * @lease: of the region
 * @threads: array of struct numaperf_region_thread
 * @cells: array of struct numaperf_region_cell, only those not zero
 * @samples: array of struct numaperf_region_sample, or 0: leave them
 * @nr_threads: in: room; out: threads
 * @nr_cells: in: room; out: cells
 * @nr_samples: in: room; out: samples taken out, oldest first, then those OPEN
 * @thread_size: sizeof(struct numaperf_region_thread)
 * @cell_size: sizeof(struct numaperf_region_cell)
 * @sample_size: sizeof(struct numaperf_region_sample)
 * @time_ns: out: CLOCK_MONOTONIC of this read
 * @since_ns: out: CLOCK_MONOTONIC when the region was made
 * @armed: out: pages unmapped for sampling
 * @used: out: of these, used again
 * @unmapped: out: chosen pages that nobody had mapped, or whose use was awaited
 *	already: not unmapped
 * @dropped: out: samples that were overwritten before they were read
 * @pages: out: pages of the region, of its page size
 * @page_size: out: bytes
 * @rate: out: as wanted
 * @parts: out: as made
 * @limited: out: pages not sampled for want of budget (enum numaperf_reason
 *	SAMPLE_BUDGET)
 * @foreign: out: of @used: by a process on behalf of another one whose memory it
 *	reads or writes (ptrace, process_vm_readv, /proc/PID/mem), or for a core
 *	dump: neither in a cell nor among the samples
 * @uncounted: out: of @used: in no cell, for want of room
 *
 * Counters only grow. EMSGSIZE: nr_threads and nr_cells tell what is needed, and
 * no sample is taken out. A use from inside a system call (read(2) into the
 * region, O_DIRECT, vmsplice, MADV_POPULATE_*) is one of the calling thread.
 */
struct numaperf_ioc_region_read {
	__u32 size;
	__u32 flags;
	__u64 lease;
	__aligned_u64 threads;
	__aligned_u64 cells;
	__aligned_u64 samples;
	__u32 nr_threads;
	__u32 nr_cells;
	__u32 nr_samples;
	__u32 thread_size;
	__u32 cell_size;
	__u32 sample_size;
	__u64 time_ns;
	__u64 since_ns;
	__u64 armed;
	__u64 used;
	__u64 unmapped;
	__u64 dropped;
	__u64 pages;
	__u64 page_size;
	__u32 rate;
	__u32 parts;
	__u64 limited;
	__u64 foreign;
	__u64 uncounted;
};

/* ------------------------------------------------------------- placement */

/**
 * struct numaperf_node_pages - resident pages of one node
 * @node: its id
 * @pad: 0
 * @pages: base pages there
 * @huge_pages: of these, base pages that are mapped by huge entries
 */
struct numaperf_node_pages {
	__s32 node;
	__u32 pad;
	__u64 pages;
	__u64 huge_pages;
};

/**
 * struct numaperf_ioc_placement - where pages are (NUMAPERF_IOC_PLACEMENT)
 * @size: see above
 * @flags: 0
 * @addr: start, page-aligned, in the caller's address space
 * @length: bytes, a multiple of the page size
 * @nodes: array of struct numaperf_node_pages; only nodes with pages appear
 * @count: in: room in *@nodes; out: nodes with pages
 * @entry_size: sizeof(struct numaperf_node_pages)
 * @absent: out: pages mapped by nobody yet, swapped out, or the zero page
 * @unmapped: out: pages outside any mapping
 * @other: out: present, but without a node (device memory)
 */
struct numaperf_ioc_placement {
	__u32 size;
	__u32 flags;
	__u64 addr;
	__u64 length;
	__aligned_u64 nodes;
	__u32 count;
	__u32 entry_size;
	__u64 absent;
	__u64 unmapped;
	__u64 other;
};

/* -------------------------------------------------------------- tracking */

/* flags of TRACK */
#define NUMAPERF_TRACK_PROCESS	(1U << 0)  /* all threads, now and later */
#define NUMAPERF_TRACK_CHILDREN	(1U << 1)  /* forked children too */

/* of everyone together */
#define NUMAPERF_TARGETS_PER_THREAD_MAX		64
#define NUMAPERF_TARGETS_PER_PROCESS_MAX	512	/* of any of its threads */

/**
 * struct numaperf_ioc_track - begin to count (NUMAPERF_IOC_TRACK)
 * @size: see above
 * @flags: NUMAPERF_TRACK_*, NUMAPERF_DRY_RUN
 * @pid: thread (or process, with PROCESS); 0: the caller
 * @sources: in: bit n: source n wanted; out: those that count now
 * @fault_period: user-mode page faults from one sample to the next, on
 *	average; 0: default
 * @target: out: handle for READ, within this session
 * @reason: out: enum numaperf_reason
 * @pad: 0
 *
 * Another process than the caller's: same real, effective and saved ids and
 * dumpable, or CAP_PERFMON in the initial user namespace. Threads of the
 * target's process that start later are counted with PROCESS. Counting
 * survives exec, but (without CAP_PERFMON) ends where a set-id, file-capability
 * or unreadable binary begins or the credentials change. Ends with the session.
 *
 * EDQUOT with THREAD_QUOTA: the user's threads_max, or as many targets as may be
 * have the thread or its process already: NUMAPERF_TARGETS_PER_THREAD_MAX,
 * _PER_PROCESS_MAX. What starts later, beyond these, is told as untracked.
 */
struct numaperf_ioc_track {
	__u32 size;
	__u32 flags;
	__s32 pid;
	__u32 sources;
	__u32 fault_period;
	__u32 target;
	__u32 reason;
	__u32 pad;
};

/**
 * struct numaperf_cell - one counter of the matrix
 * @thread: index into the array of threads of the same READ
 * @source: enum numaperf_source
 * @cpu_node: node of the CPU that accessed
 * @page_node: node of the page when it was accessed, before any migration
 * @samples: faults
 * @pages: base pages they stand for (512 for a 2 MiB page)
 * @range: 0: all memory; else the watched range that was accessed, in a cell
 *	of its own beside that of all memory (READ with NUMAPERF_READ_RANGES)
 * @pad: 0
 */
struct numaperf_cell {
	__u32 thread;
	__u32 source;
	__s32 cpu_node;
	__s32 page_node;
	__u64 samples;
	__u64 pages;
	__u32 range;
	__u32 pad;
};

/* flags of struct numaperf_thread_record */
#define NUMAPERF_THREAD_EXITED		(1U << 0)
#define NUMAPERF_THREAD_LOST		(1U << 1)  /* CREDENTIALS; counts ended */
#define NUMAPERF_THREAD_HINT_BLIND	(1U << 2)  /* task policy hides it from HINT:
						    * MPOL_BIND and others without
						    * MPOL_F_NUMA_BALANCING
						    */
#define NUMAPERF_THREAD_SINGLE_BLIND	(1U << 3)  /* the mm could not be held: local
						    * pages of a single-threaded
						    * process give no hint faults
						    */

/**
 * struct numaperf_thread_record - one tracked thread
 * @pid: its process, as the caller sees it
 * @tid: the thread
 * @flags: NUMAPERF_THREAD_*
 * @cpu_node: node it last ran on
 * @comm: its name
 * @faults: user-mode page faults seen by FAULT, sampled or not
 * @unresolved: FAULT samples whose page had no node (zero page, gone again)
 * @missed: samples lost for want of memory or because one was under way
 * @migrations: times it was moved to another CPU
 * @node_switches: of these, to another node
 * @execs: images it began
 * @serial: number of this record within its target, from 1, never given again
 *	(unlike @tid); 0: the sum of exited threads that no longer have a record
 *	of their own
 *
 * @migrations and @node_switches need feature SWITCHES.
 */
struct numaperf_thread_record {
	__s32 pid;
	__s32 tid;
	__u32 flags;
	__s32 cpu_node;
	char comm[NUMAPERF_COMM_LEN];
	__u64 faults;
	__u64 unresolved;
	__u64 missed;
	__u64 migrations;
	__u64 node_switches;
	__u64 execs;
	__u64 serial;
};

/* flags of READ */
#define NUMAPERF_READ_STOP	(1U << 0)	/* stop counting, then read */
#define NUMAPERF_READ_RANGES	(1U << 1)	/* cells of watched ranges, too */

/**
 * struct numaperf_ioc_read - read the counters of a target (NUMAPERF_IOC_READ)
 * @size: see above
 * @flags: NUMAPERF_READ_*
 * @target: from TRACK
 * @active: out: bit n: source n was counting for this target
 * @threads: array of struct numaperf_thread_record
 * @cells: array of struct numaperf_cell, only those not zero
 * @nr_threads: in: room; out: threads, exited ones included
 * @nr_cells: in: room; out: cells
 * @thread_size: sizeof(struct numaperf_thread_record)
 * @cell_size: sizeof(struct numaperf_cell)
 * @time_ns: out: CLOCK_MONOTONIC of this read
 * @since_ns: out: CLOCK_MONOTONIC when counting began
 * @missed: out: hits of hooks that were skipped by the kernel (kprobe nmissed,
 *	ftrace recursion), since since_ns, of the whole machine
 * @untracked: out: threads of the target that could not be added
 * @reasons: out: for each source, why it does not count
 *
 * Counters only grow. EMSGSIZE: nr_threads and nr_cells tell what is needed
 * (more may have come by the next call).
 */
struct numaperf_ioc_read {
	__u32 size;
	__u32 flags;
	__u32 target;
	__u32 active;
	__aligned_u64 threads;
	__aligned_u64 cells;
	__u32 nr_threads;
	__u32 nr_cells;
	__u32 thread_size;
	__u32 cell_size;
	__u64 time_ns;
	__u64 since_ns;
	__u64 missed;
	__u64 untracked;
	__u32 reasons[8];
};

#define NUMAPERF_RANGES_MAX	256	/* of a target */

/**
 * struct numaperf_ioc_watch - count a range of memory apart (NUMAPERF_IOC_WATCH)
 * @size: see above
 * @flags: 0
 * @target: from TRACK
 * @range: in: 0: a new range; else the one to take away, all that follows being
 *	0; out: its number, from 1, for cells
 * @addr: start, page-aligned, in the address space of process @pid
 * @length: bytes, a multiple of the page size
 * @pid: a tracked process of the target, 0: the one that TRACK named
 * @reason: out: enum numaperf_reason
 *
 * Hint faults and fault samples in the range are counted once more, with the
 * range's number. A hint fault on a huge page is where that page begins. Ranges
 * of one process must not overlap (EBUSY). A range is part of an address space:
 * it ends with exec or exit, not with munmap; a forked child does not have it.
 * What it has counted stays until it is taken away (ENOENT: it is not there);
 * its number is never given again. Another's process: as for TRACK. EDQUOT:
 * more than NUMAPERF_RANGES_MAX, ended ones included.
 */
struct numaperf_ioc_watch {
	__u32 size;
	__u32 flags;
	__u32 target;
	__u32 range;
	__u64 addr;
	__u64 length;
	__s32 pid;
	__u32 reason;
};

/**
 * struct numaperf_ioc_counters - map the counters of a target
 *	(NUMAPERF_IOC_COUNTERS)
 * @size: see above
 * @flags: 0
 * @target: from TRACK
 * @fd: out: descriptor (close-on-exec) for mmap(PROT_READ, MAP_SHARED)
 * @length: out: bytes to map
 * @reason: out: enum numaperf_reason
 * @pad: 0
 *
 * The mapping is a struct numaperf_counters_head, then for each CPU, by id, a
 * struct numaperf_counters_cpu. It holds the sums over all threads, ended ones
 * included, from the first call (or ALARM) of this target on, and outlives the
 * target. Its pages are locked memory of the user (EDQUOT).
 */
struct numaperf_ioc_counters {
	__u32 size;
	__u32 flags;
	__u32 target;
	__s32 fd;
	__u64 length;
	__u32 reason;
	__u32 pad;
};

/**
 * struct numaperf_counters_head - the beginning of the mapping
 * @size: of this structure as the kernel has it
 * @sources: sources in each block: NUMAPERF_SOURCE_COUNT of this kernel
 * @nr_cpus: blocks, one for each CPU id
 * @nr_nodes: nodes in each block
 * @cpus: offset of the first block
 * @stride: from one block to the next
 * @node_ids: offset of an array of __s32: the id at each place of a node
 * @pad: 0
 * @since_ns: CLOCK_MONOTONIC when counting here began
 */
struct numaperf_counters_head {
	__u32 size;
	__u32 sources;
	__u32 nr_cpus;
	__u32 nr_nodes;
	__u32 cpus;
	__u32 stride;
	__u32 node_ids;
	__u32 pad;
	__u64 since_ns;
};

/**
 * struct numaperf_counters_cell - samples from one CPU on pages of one node
 * @samples: faults
 * @pages: base pages they stand for
 */
struct numaperf_counters_cell {
	__u64 samples;
	__u64 pages;
};

/**
 * struct numaperf_counters_cpu - what one CPU has counted
 * @sequence: odd while it is written: read it before and after (with acquire
 *	and load-load ordering), and again until both are the same even number
 * @cpu_node: node of this CPU, -1: not known (not online so far)
 * @cells: by source, then by place of the page's node
 */
struct numaperf_counters_cpu {
	__u32 sequence;
	__s32 cpu_node;
#ifndef __cplusplus	/* which has no such arrays: they follow there, too */
	struct numaperf_counters_cell cells[];
#endif
};

/* ---------------------------------------------------------------- events */

/**
 * struct numaperf_ioc_alarm - tell when locality is low (NUMAPERF_IOC_ALARM)
 * @size: see above
 * @flags: 0
 * @target: from TRACK
 * @source: enum numaperf_source, of those that count for the target
 * @below: an event LOCALITY_LOW when the share of local pages of a window is
 *	below this (permille); 0: no more alarms of this source
 * @above: an event LOCALITY_BACK when it is at least this after that
 *	(hysteresis: at least @below)
 * @samples: a window with fewer says nothing; at least 1
 * @window_ms: 100 to 3600000; there is at most one event a window
 *
 * One alarm for each source: another call replaces it. It ends with the target,
 * that is, with its last thread, too (ESRCH: there is none any more). EDQUOT: as
 * for COUNTERS, which it uses.
 */
struct numaperf_ioc_alarm {
	__u32 size;
	__u32 flags;
	__u32 target;
	__u32 source;
	__u32 below;
	__u32 above;
	__u32 samples;
	__u32 window_ms;
};

enum numaperf_event_type {
	NUMAPERF_EVENT_LEASE_LOST = 1,
	NUMAPERF_EVENT_LEASE_ENDED = 2,		/* not by RELEASE */
	NUMAPERF_EVENT_LEASE_REASSERTED = 3,
	NUMAPERF_EVENT_TARGET_LOST = 4,
	NUMAPERF_EVENT_TARGET_EXITED = 5,	/* its last thread */
	NUMAPERF_EVENT_MOVE_REFUSED = 6,	/* of a strictly pinned thread: pid,
						 * tid are those of who tried;
						 * value: how many refusals since
						 * the last event were not told
						 * (8 a second and lease are)
						 */
	NUMAPERF_EVENT_LEASE_REARMED = 7,
	NUMAPERF_EVENT_LOCALITY_LOW = 8,	/* value: permille, addr: samples,
						 * reason: enum numaperf_source
						 */
	NUMAPERF_EVENT_LOCALITY_BACK = 9,	/* likewise */
};

/**
 * struct numaperf_event_record - what read(2) on the session returns
 * @size: of this record; records follow each other at this distance
 * @type: enum numaperf_event_type
 * @reason: enum numaperf_reason
 * @dropped: events lost before this one for want of room, saturating
 * @time_ns: CLOCK_MONOTONIC
 * @id: lease or target
 * @pid: process concerned, in the reader's pid namespace; 0: not visible
 * @tid: thread concerned
 * @addr: first address concerned (ranges)
 * @value: pages lost (ranges), or as the type says
 *
 * read(2) returns whole records only (EINVAL if not even one fits), blocks
 * unless O_NONBLOCK, and answers EAGAIN when there is none; poll(2) says
 * EPOLLIN.
 */
struct numaperf_event_record {
	__u32 size;
	__u32 type;
	__u32 reason;
	__u32 dropped;
	__u64 time_ns;
	__u64 id;
	__s32 pid;
	__s32 tid;
	__u64 addr;
	__u64 value;
};

/* --------------------------------------------------------------- netlink */

/*
 * Generic netlink family "numaperf": the view of the whole host, in the initial
 * network namespace. kmod/numaperf.yaml describes it in the kernel's own format.
 *
 * The commands take no attributes. Rights are those of the request: a dump has
 * what LEASES would show to whoever opened the socket *and* sent the request; a
 * capability must be had by both, in the initial user namespace. Pids are as
 * the sender sees them. Dumps go by ascending id: what is there from beginning
 * to end is told exactly once; NLM_F_DUMP_INTR says that something came or went
 * meanwhile.
 *
 * Events go to group "events", of all sessions, and only while somebody is a
 * member. Joining needs CAP_NET_ADMIN in the user namespace that owns the
 * initial network namespace. A reader that is too slow gets ENOBUFS: it reads on
 * and sees by the gap in NUMAPERF_GENL_EVENT_SEQUENCE how many it missed.
 */
#define NUMAPERF_GENL_NAME	"numaperf"
#define NUMAPERF_GENL_VERSION	1
#define NUMAPERF_GENL_EVENTS	"events"	/* multicast; CAP_NET_ADMIN */

enum numaperf_genl_command {
	NUMAPERF_GENL_CMD_UNSPEC,
	NUMAPERF_GENL_CMD_INFO,		/* do */
	NUMAPERF_GENL_CMD_LEASES,	/* dump */
	NUMAPERF_GENL_CMD_TARGETS,	/* dump */
	NUMAPERF_GENL_CMD_EVENT,	/* multicast */
	NUMAPERF_GENL_CMD_COUNT
};

/* Of CMD_INFO: as in struct numaperf_ioc_info, where there is a field of that name. */
enum numaperf_genl_info {
	NUMAPERF_GENL_INFO_UNSPEC,
	NUMAPERF_GENL_INFO_PAD,
	NUMAPERF_GENL_INFO_FEATURES,		/* u64 */
	NUMAPERF_GENL_INFO_KNOWN,		/* u64 */
	NUMAPERF_GENL_INFO_REASONS,		/* array of u16, by feature */
	NUMAPERF_GENL_INFO_ACTIVE,		/* u32 */
	NUMAPERF_GENL_INFO_NODE_IDS,		/* u32 */
	NUMAPERF_GENL_INFO_CPU_IDS,		/* u32 */
	NUMAPERF_GENL_INFO_PAGE_SIZE,		/* u32 */
	NUMAPERF_GENL_INFO_SESSIONS,		/* u32 */
	NUMAPERF_GENL_INFO_EVENTS_QUEUED,	/* u64: for members of the group */
	NUMAPERF_GENL_INFO_EVENTS_SENT,		/* u64: messages made of them */
	NUMAPERF_GENL_INFO_EVENTS_DROPPED,	/* u64: for want of room here */
	NUMAPERF_GENL_INFO_COUNT
};

/* Of CMD_LEASES, one message a lease: as in struct numaperf_lease_record. */
enum numaperf_genl_lease {
	NUMAPERF_GENL_LEASE_UNSPEC,
	NUMAPERF_GENL_LEASE_PAD,
	NUMAPERF_GENL_LEASE_ID,			/* u64 */
	NUMAPERF_GENL_LEASE_KIND,		/* u32 */
	NUMAPERF_GENL_LEASE_STATE,		/* u32 */
	NUMAPERF_GENL_LEASE_REASON,		/* u32 */
	NUMAPERF_GENL_LEASE_FLAGS,		/* u32 */
	NUMAPERF_GENL_LEASE_PID,		/* u32 */
	NUMAPERF_GENL_LEASE_TID,		/* u32 */
	NUMAPERF_GENL_LEASE_UID,		/* u32 */
	NUMAPERF_GENL_LEASE_THREADS,		/* u32 */
	NUMAPERF_GENL_LEASE_COMM,		/* string */
	NUMAPERF_GENL_LEASE_SINCE,		/* u64: ns */
	NUMAPERF_GENL_LEASE_ADDR,		/* u64: absent if not to be seen */
	NUMAPERF_GENL_LEASE_LENGTH,		/* u64 */
	NUMAPERF_GENL_LEASE_HELD,		/* u64 */
	NUMAPERF_GENL_LEASE_REASSERTED,		/* u64 */
	NUMAPERF_GENL_LEASE_LOSSES,		/* u64 */
	NUMAPERF_GENL_LEASE_SET,		/* array of u64: of CPUs or nodes */
	NUMAPERF_GENL_LEASE_COUNT
};

/*
 * Of CMD_TARGETS, one message a target that is counted or was until it ended or
 * was stopped, as long as its session keeps it.
 */
enum numaperf_genl_target {
	NUMAPERF_GENL_TARGET_UNSPEC,
	NUMAPERF_GENL_TARGET_PAD,
	NUMAPERF_GENL_TARGET_ID,		/* u32: its handle */
	NUMAPERF_GENL_TARGET_UID,		/* u32: whose session counts it */
	NUMAPERF_GENL_TARGET_PID,		/* u32: the process TRACK named */
	NUMAPERF_GENL_TARGET_TID,		/* u32: the thread, 0: all of them */
	NUMAPERF_GENL_TARGET_FLAGS,		/* u32: NUMAPERF_TRACK_* */
	NUMAPERF_GENL_TARGET_SOURCES,		/* u32: that count for it */
	NUMAPERF_GENL_TARGET_SINCE,		/* u64: ns */
	NUMAPERF_GENL_TARGET_THREADS,		/* u32: seen, ended ones included */
	NUMAPERF_GENL_TARGET_UNTRACKED,		/* u64: threads not added */
	NUMAPERF_GENL_TARGET_SUM,		/* nest, one a counting source */
	NUMAPERF_GENL_TARGET_COUNT
};

/* Within NUMAPERF_GENL_TARGET_SUM: over all threads since counting began. */
enum numaperf_genl_sum {
	NUMAPERF_GENL_SUM_UNSPEC,
	NUMAPERF_GENL_SUM_PAD,
	NUMAPERF_GENL_SUM_SOURCE,		/* u32: enum numaperf_source */
	NUMAPERF_GENL_SUM_SAMPLES,		/* u64 */
	NUMAPERF_GENL_SUM_LOCAL_SAMPLES,	/* u64: CPU and page on one node */
	NUMAPERF_GENL_SUM_PAGES,		/* u64 */
	NUMAPERF_GENL_SUM_LOCAL_PAGES,		/* u64 */
	NUMAPERF_GENL_SUM_COUNT
};

/*
 * Of CMD_EVENT: as in struct numaperf_event_record. Pids are those of the
 * initial pid namespace. ADDR is there only where it isn't an address
 * (LOCALITY_LOW, LOCALITY_BACK).
 */
enum numaperf_genl_event {
	NUMAPERF_GENL_EVENT_UNSPEC,
	NUMAPERF_GENL_EVENT_PAD,
	NUMAPERF_GENL_EVENT_SEQUENCE,		/* u64: one more each */
	NUMAPERF_GENL_EVENT_TYPE,		/* u32 */
	NUMAPERF_GENL_EVENT_REASON,		/* u32 */
	NUMAPERF_GENL_EVENT_DROPPED,		/* u32: before it, within the kernel */
	NUMAPERF_GENL_EVENT_TIME,		/* u64: ns */
	NUMAPERF_GENL_EVENT_ID,			/* u64 */
	NUMAPERF_GENL_EVENT_UID,		/* u32: whose session */
	NUMAPERF_GENL_EVENT_PID,		/* u32 */
	NUMAPERF_GENL_EVENT_TID,		/* u32 */
	NUMAPERF_GENL_EVENT_ADDR,		/* u64 */
	NUMAPERF_GENL_EVENT_VALUE,		/* u64 */
	NUMAPERF_GENL_EVENT_COUNT
};

#endif /* _UAPI_LINUX_NUMAPERF_H */
