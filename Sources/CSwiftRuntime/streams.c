#include "tasks.h"

/* AsyncStream and AsyncThrowingStream. Their functions are called from outside of the library by their mangled
 * names, and their values are passed by reference, whatever they consist of: that is the library's promise to
 * programs built earlier. A stream is known by its storage, to which its continuation refers. */

#define NEXT(function, name) \
  static __typeof__(&function) next; \
  if (__builtin_expect(!next, 0)) next = probe_next(name, __builtin_return_address(0))
#define HERE __builtin_frame_address(0)
#define STORAGE_OF(continuation) (*(const void *const *)(continuation))

/* ---- yield, finish ---- */

#define YIELD(function, name) \
  PROBE_HOOK PROBE_SWIFTCALL void function(PROBE_RESULT void *result, void *value, void *type, \
                                           void *more, void *last, PROBE_SELF const void *continuation) __asm__(name); \
  PROBE_HOOK PROBE_SWIFTCALL void function(PROBE_RESULT void *result, void *value, void *type, \
                                           void *more, void *last, PROBE_SELF const void *continuation) { \
    NEXT(function, name); \
    if (probe_is_seeing()) probe_stream_gets(STORAGE_OF(continuation), HERE); \
    next(result, value, type, more, last, continuation); \
  }
YIELD(yield_value, "$sScS12ContinuationV5yieldyAB11YieldResultOyx__GxnF")
YIELD(yield_result, "$sScS12ContinuationV5yield4withAB11YieldResultOyx__Gs0E0Oyxs5NeverOG_tF")
YIELD(yield_nothing, "$sScS12ContinuationV5yieldAB11YieldResultOyyt__GyytRszlF")
YIELD(throwing_yield_value, "$sScs12ContinuationV5yieldyAB11YieldResultOyxq___GxnF")
YIELD(throwing_yield_result,
      "$sScs12ContinuationV5yield4withAB11YieldResultOyxs5Error_p__Gs0E0OyxsAG_pG_tsAG_pRs_rlF")
YIELD(throwing_yield_nothing, "$sScs12ContinuationV5yieldAB11YieldResultOyytq___GyytRszrlF")

#define FINISH(function, name) \
  PROBE_HOOK PROBE_SWIFTCALL void function(void *error, void *type, void *more, PROBE_SELF const void *continuation) \
      __asm__(name); \
  PROBE_HOOK PROBE_SWIFTCALL void function(void *error, void *type, void *more, PROBE_SELF const void *continuation) { \
    NEXT(function, name); \
    if (probe_is_seeing()) probe_stream_finishes(STORAGE_OF(continuation), HERE); \
    next(error, type, more, continuation); \
  }
FINISH(finish, "$sScS12ContinuationV6finishyyF")
FINISH(throwing_finish, "$sScs12ContinuationV6finish8throwingyq_Sgn_tF")

/* ---- made ---- */

#define MAKE(function, name) \
  PROBE_HOOK PROBE_SWIFTCALL void function(void *stream, void *continuation, void *element, void *failure, \
                                           void *policy, void *type) __asm__(name); \
  PROBE_HOOK PROBE_SWIFTCALL void function(void *stream, void *continuation, void *element, void *failure, \
                                           void *policy, void *type) { \
    NEXT(function, name); \
    next(stream, continuation, element, failure, policy, type); \
    if (probe_is_seeing()) probe_stream_is_made(STORAGE_OF(continuation), HERE); \
  }
MAKE(make_stream, "$sScS10makeStream2of15bufferingPolicyScSyxG6stream_ScS12ContinuationVyx_G12continuationtxm_"
                  "AG09BufferingE0Oyx__GtFZ")
MAKE(make_throwing_stream,
     "$sScs10makeStream2of8throwing15bufferingPolicyScsyxs5Error_pG6stream_Scs12ContinuationVyxsAE_p_G12"
     "continuationtxm_sAE_pmAI09BufferingF0OyxsAE_p__GtsAE_pRs_rlFZ")

/* An initializer hands the continuation to a closure, within which it is used already: so that is told between
 * the two. */
typedef PROBE_SWIFTCALL void (*build_function)(void *continuation, PROBE_SELF void *captured);
struct build {
  build_function function;
  void *captured;
  const void *frame;
};

static PROBE_SWIFTCALL void build_stream(void *continuation, PROBE_SELF struct build *build) {
  probe_stream_is_made(STORAGE_OF(continuation), build->frame);
  build->function(continuation, build->captured);
}

#define INIT(function, name) \
  PROBE_HOOK PROBE_SWIFTCALL void function(PROBE_RESULT void *stream, void *element, void *policy, \
                                           void *build, void *captured, void *type, void *more) __asm__(name); \
  PROBE_HOOK PROBE_SWIFTCALL void function(PROBE_RESULT void *stream, void *element, void *policy, \
                                           void *build, void *captured, void *type, void *more) { \
    NEXT(function, name); \
    struct build told = {(build_function)build, captured, HERE}; \
    if (build && probe_is_seeing()) \
      next(stream, element, policy, (void *)build_stream, &told, type, more); \
    else \
      next(stream, element, policy, build, captured, type, more); \
  }
INIT(init_stream, "$sScS_15bufferingPolicy_ScSyxGxm_ScS12ContinuationV09BufferingB0Oyx__GyADyx_GXEtcfC")
INIT(init_throwing_stream,
     "$sScs_15bufferingPolicy_Scsyxs5Error_pGxm_Scs12ContinuationV09BufferingB0OyxsAB_p__GyAEyxsAB_p_GXEtcsAB_"
     "pRs_rlufC")
