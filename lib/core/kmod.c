/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/kmod_error.h"

static const unsigned long requests[KMOD_CALLS] = {
	[KMOD_INFO] = NUMAPERF_IOC_INFO,           [KMOD_THREAD_PIN] = NUMAPERF_IOC_THREAD_PIN,
	[KMOD_RANGE_PIN] = NUMAPERF_IOC_RANGE_PIN, [KMOD_RELEASE] = NUMAPERF_IOC_RELEASE,
	[KMOD_REVOKE] = NUMAPERF_IOC_REVOKE,       [KMOD_LEASES] = NUMAPERF_IOC_LEASES,
	[KMOD_REARM] = NUMAPERF_IOC_REARM,
	[KMOD_PLACEMENT] = NUMAPERF_IOC_PLACEMENT, [KMOD_TRACK] = NUMAPERF_IOC_TRACK,
	[KMOD_READ] = NUMAPERF_IOC_READ,
};

static bool is_pin(enum kmod_call call)
{
	return call == KMOD_THREAD_PIN || call == KMOD_RANGE_PIN;
}

bool kmod_is_loaded(void)
{
	return access("/sys/module/" NUMAPERF_DEVICE_NAME, F_OK) == 0;
}

static int open_device(bool hard, const char *operation, int *ret_fd)
{
	int fd;

	do
		fd = open(NUMAPERF_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return kmod_fail_open(errno, hard, kmod_is_loaded(), operation);
	*ret_fd = fd;
	return 0;
}

int kmod_open(const char *operation, int *ret_fd)
{
	return open_device(false, operation, ret_fd);
}

int kmod_open_hard(const char *operation, int *ret_fd)
{
	return open_device(true, operation, ret_fd);
}

void kmod_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Async-signal-safe. EINTR means that nothing was taken, for every call. */
static int raw_call(int fd, enum kmod_call call, void *argument)
{
	int r;

	if (fd < 0)
		return -ENODEV;
	do
		r = ioctl(fd, requests[call], argument);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* details: what the call's structure tells of the failure; its call and errnum are filled in here. */
static int fail(int fd, enum kmod_call call, int result, struct kmod_failure details, const char *operation)
{
	if (fd < 0)
		return kmod_fail_open(ENODEV, is_pin(call), false, operation);
	details.call = call;
	details.errnum = -result;
	return kmod_fail(&details, operation);
}

/* Calls whose structure tells nothing of a failure. */
static int simple_call(int fd, enum kmod_call call, void *argument)
{
	int r = raw_call(fd, call, argument);

	return r < 0 ? fail(fd, call, r, (struct kmod_failure){ .wrong_node = -1 }, NULL) : r;
}

int kmod_info(int fd, struct numaperf_ioc_info *info)
{
	info->size = sizeof(*info);
	return simple_call(fd, KMOD_INFO, info);
}

int kmod_thread_pin(int fd, struct numaperf_ioc_thread_pin *pin)
{
	pin->size = sizeof(*pin);

	int r = raw_call(fd, KMOD_THREAD_PIN, pin);

	return r < 0 ? fail(fd, KMOD_THREAD_PIN, r, (struct kmod_failure){ .reason = pin->reason, .wrong_node = -1 },
			    NULL)
		     : r;
}

static int range_pin_failed(int fd, const struct numaperf_ioc_range_pin *pin, int result)
{
	struct numaperf_ioc_info info = { .size = sizeof(info) };
	struct kmod_failure details = {
		.reason = pin->reason,
		.wrong_addr = pin->wrong_addr,
		.wrong_node = pin->wrong_node,
		.asked_bytes = pin->length,
	};

	if (pin->reason == NUMAPERF_REASON_LOCKED_MEMORY && raw_call(fd, KMOD_INFO, &info) == 0) {
		details.sums_known = true;
		details.locked_bytes = info.locked_bytes;
		details.locked_limit = info.locked_limit;
	}
	return fail(fd, KMOD_RANGE_PIN, result, details, NULL);
}

int kmod_range_pin(int fd, struct numaperf_ioc_range_pin *pin)
{
	pin->size = sizeof(*pin);

	int r = raw_call(fd, KMOD_RANGE_PIN, pin);

	return r < 0 ? range_pin_failed(fd, pin, r) : r;
}

int kmod_release(int fd, uint64_t lease)
{
	return simple_call(
		fd, KMOD_RELEASE,
		&(struct numaperf_ioc_release){ .size = sizeof(struct numaperf_ioc_release), .lease = lease });
}

int kmod_revoke(int fd, uint64_t lease)
{
	return simple_call(
		fd, KMOD_REVOKE,
		&(struct numaperf_ioc_release){ .size = sizeof(struct numaperf_ioc_release), .lease = lease });
}

int kmod_rearm(int fd, uint64_t lease, uint32_t flags)
{
	struct numaperf_ioc_rearm rearm = { .size = sizeof(rearm), .flags = flags, .lease = lease, .wrong_node = -1 };
	int r = raw_call(fd, KMOD_REARM, &rearm);

	return r < 0 ? fail(fd, KMOD_REARM, r,
			    (struct kmod_failure){ .reason = rearm.reason,
						   .wrong_addr = rearm.wrong_addr,
						   .wrong_node = rearm.wrong_node },
			    NULL)
		     : r;
}

int kmod_leases(int fd, struct numaperf_ioc_leases *leases)
{
	leases->size = sizeof(*leases);
	leases->entry_size = sizeof(struct numaperf_lease_record);
	return simple_call(fd, KMOD_LEASES, leases);
}

int kmod_placement(int fd, struct numaperf_ioc_placement *placement)
{
	placement->size = sizeof(*placement);
	placement->entry_size = sizeof(struct numaperf_node_pages);
	return simple_call(fd, KMOD_PLACEMENT, placement);
}

int kmod_track(int fd, struct numaperf_ioc_track *track)
{
	track->size = sizeof(*track);
	return raw_call(fd, KMOD_TRACK, track);
}

int kmod_track_failed(const struct numaperf_ioc_track *track, int result, const char *operation)
{
	struct kmod_failure failure = {
		.call = KMOD_TRACK, .errnum = -result, .reason = track->reason, .wrong_node = -1
	};

	return result == -ENODEV ? kmod_fail_open(ENODEV, false, false, operation) : kmod_fail(&failure, operation);
}

int kmod_read(int fd, struct numaperf_ioc_read *read)
{
	read->size = sizeof(*read);
	read->thread_size = sizeof(struct numaperf_thread_record);
	read->cell_size = sizeof(struct numaperf_cell);
	return simple_call(fd, KMOD_READ, read);
}
