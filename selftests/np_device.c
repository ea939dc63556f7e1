// SPDX-License-Identifier: GPL-2.0
/* The device's calls, one function each, with size and bits filled in. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "np.h"

int np_open(int flags)
{
	int fd = open(NUMAPERF_DEVICE_PATH, O_RDWR | flags);

	return fd < 0 ? -errno : fd;
}

int np_ioctl(int fd, unsigned long nr, void *arg)
{
	return ioctl(fd, nr, arg) < 0 ? -errno : 0;
}

int np_info(int fd, struct numaperf_ioc_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return np_ioctl(fd, NUMAPERF_IOC_INFO, info);
}

bool np_feature(int fd, enum numaperf_feature feature)
{
	struct numaperf_ioc_info info;

	return np_info(fd, &info) == 0 && (info.features >> feature & 1);
}

int np_pin_thread(int fd, pid_t tid, const struct np_set *cpus, __u32 flags, struct numaperf_ioc_thread_pin *pin)
{
	*pin = (struct numaperf_ioc_thread_pin) {
		.size = sizeof(*pin),
		.flags = flags,
		.tid = tid,
		.cpus_bits = NP_SET_BITS,
		.cpus = (uintptr_t)cpus->words,
	};
	return np_ioctl(fd, NUMAPERF_IOC_THREAD_PIN, pin);
}

int np_pin_range(int fd, const void *addr, size_t length, const struct np_set *nodes, __u32 flags,
		 struct numaperf_ioc_range_pin *pin)
{
	*pin = (struct numaperf_ioc_range_pin) {
		.size = sizeof(*pin),
		.flags = flags,
		.addr = (uintptr_t)addr,
		.length = length,
		.nodes = (uintptr_t)nodes->words,
		.nodes_bits = NP_SET_BITS,
	};
	return np_ioctl(fd, NUMAPERF_IOC_RANGE_PIN, pin);
}

static int end_lease(int fd, unsigned long nr, __u64 lease)
{
	struct numaperf_ioc_release release = { .size = sizeof(release), .lease = lease };

	return np_ioctl(fd, nr, &release);
}

int np_release(int fd, __u64 lease)
{
	return end_lease(fd, NUMAPERF_IOC_RELEASE, lease);
}

int np_revoke(int fd, __u64 lease)
{
	return end_lease(fd, NUMAPERF_IOC_REVOKE, lease);
}

int np_rearm(int fd, __u64 lease, __u32 flags, struct numaperf_ioc_rearm *rearm)
{
	*rearm = (struct numaperf_ioc_rearm) { .size = sizeof(*rearm), .flags = flags, .lease = lease };
	return np_ioctl(fd, NUMAPERF_IOC_REARM, rearm);
}

int np_lease(int fd, __u64 lease, struct numaperf_lease_record *record)
{
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases),
		.lease = lease,
		.entries = (uintptr_t)record,
		.count = 1,
		.entry_size = sizeof(*record),
	};

	memset(record, 0, sizeof(*record));
	return np_ioctl(fd, NUMAPERF_IOC_LEASES, &leases);
}

bool np_lease_gone(int fd, __u64 lease)
{
	struct numaperf_lease_record record;

	return np_lease(fd, lease, &record) == -ENOENT;
}

bool np_lease_lost(int fd, __u64 lease)
{
	struct numaperf_lease_record record;

	return np_lease(fd, lease, &record) == 0 && record.state == NUMAPERF_LEASE_LOST;
}

int np_event(int fd, struct numaperf_event_record *event)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int ready = poll(&pollfd, 1, NP_PATIENCE_SECONDS * 1000);
	ssize_t got;

	memset(event, 0, sizeof(*event));
	if (ready <= 0)
		return ready < 0 ? -errno : -ETIMEDOUT;
	got = read(fd, event, sizeof(*event));
	if (got < 0)
		return -errno;
	return got == (ssize_t)sizeof(*event) ? 0 : -EPROTO;
}

int np_event_of(int fd, enum numaperf_event_type type, struct numaperf_event_record *event)
{
	int err;

	do
		err = np_event(fd, event);
	while (!err && event->type != type);
	return err;
}
