/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "signals.h"

static sigset_t before;

static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int signals_take(void)
{
	static const int numbers[] = { SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };
	sigset_t taken;

	sigemptyset(&taken);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&taken, numbers[i]);
	if (!is_ignored(SIGHUP)) /* by nohup */
		sigaddset(&taken, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &taken, &before) < 0)
		return -1;
	return signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

void signals_give_back(void)
{
	sigprocmask(SIG_SETMASK, &before, NULL);
}

bool signals_next(int fd, struct signal_event *ret_event)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return false;
	/* SI_USER, SI_TKILL and the like are 0 or less; the terminal's come from the kernel */
	*ret_event = (struct signal_event){ .number = (int)info.ssi_signo, .from_terminal = info.ssi_code > 0 };
	return true;
}
