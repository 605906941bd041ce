/* Forks, with Swift in the parent and in the child: forks CASE. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void use_locks(void), run_tasks(void), cross_locks(void), cross_tasks(void), keep_lock(void), ask_for_lock(void);

int main(int count, char **arguments) {
  const char *test = count > 1 ? arguments[1] : "";
  int is_kept = !strcmp(test, "kept");
  use_locks();
  if (is_kept) keep_lock();
  pid_t child = fork();
  if (child == 0) {
    if (!is_kept) use_locks();
    if (!strcmp(test, "tasks")) cross_tasks();
    if (!strcmp(test, "locks")) cross_locks();
    if (is_kept) ask_for_lock();
    run_tasks();
    return 0;
  }
  run_tasks();
  use_locks();
  int status;
  waitpid(child, &status, 0);
  printf("%d\n", status);
  return 0;
}
