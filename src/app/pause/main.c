/* pause: the first process of every Pod sandbox. It holds the Pod's namespaces open, reaps what is reparented to it when
 * Pods share a process namespace, and ends at SIGTERM or SIGINT. Built static: its image holds this one file. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void Reap(int signal) {
  (void)signal;
  while (waitpid(-1, 0, WNOHANG) > 0) {
  }
}

static void End(int signal) { _exit(128 + signal); }

int main(void) {
  struct sigaction reap = {.sa_handler = Reap, .sa_flags = SA_NOCLDSTOP};
  struct sigaction end = {.sa_handler = End};
  if (sigaction(SIGCHLD, &reap, 0) != 0 || sigaction(SIGTERM, &end, 0) != 0 || sigaction(SIGINT, &end, 0) != 0) return 1;
  for (;;) pause();
}
