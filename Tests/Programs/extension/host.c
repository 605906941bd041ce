/* A program in C that loads the module in Swift when it runs: host MODULE [hang]. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void answered(long value) {
  pthread_mutex_lock(&mutex); /* <- waits */
  printf("%ld\n", value);
  pthread_mutex_unlock(&mutex);
}

int main(int count, char **arguments) {
  void *module = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (count > 1 && !module) return fprintf(stderr, "%s\n", dlerror()), 1;
  if (!module) return printf("nothing is loaded\n"), 0;
  long (*sum_of_squares)(long) = (long (*)(long))dlsym(module, "sum_of_squares");
  void (*answer_now)(long, void (*)(long)) = (void (*)(long, void (*)(long)))dlsym(module, "answer_now");
  printf("%ld\n", sum_of_squares(100));
  if (count > 2) {
    printf("hung\n");
    fflush(NULL);
    pthread_mutex_lock(&mutex); /* <- holds */
  }
  answer_now(21, answered);
  return 0;
}
