/* A library to preload: a thread that records what means nothing, ten megabytes, so that a bounded trace gives up what
 * the program itself has recorded. It is named like the recorder's own, whose doings nobody waits for. */
#define _GNU_SOURCE
#include <coroner.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define LAST_OF_NOISE 424242

static void *make_noise(void *unused) {
  (void)unused;
  void *library;
  while (!(library = dlopen(getenv("NOISE_LIBRARY"), RTLD_NOW | RTLD_NOLOAD))) usleep(100000);
  usleep(900000);
  void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t) =
      (void (*)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t))dlsym(library, "coroner_record");
  void (*name)(const char *) = (void (*)(const char *))dlsym(library, "coroner_name_thread");
  name("coroner-noise");
  uint64_t state = 88172645463325252u;
  for (long i = 0; i < 500000; i++) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    record(CORONER_THREAD_START, state, state * 3, 0, (uint32_t)(state >> 9));
    if (i % 1000 == 0) usleep(3000); /* slow enough for none to be lost on a busy machine */
  }
  /* What goes on in the program comes round before the last one. */
  usleep(1000000);
  record(CORONER_THREAD_START, LAST_OF_NOISE, 0, 0, 0);
  return NULL;
}

__attribute__((constructor)) static void start(void) {
  pthread_t thread;
  if (!getenv("NOISE_LIBRARY") || !getenv("CORONER_TRACE")) return;
  if (pthread_create(&thread, NULL, make_noise, NULL) == 0) pthread_detach(thread);
}
