import CPythonABI

// When the watchdog looks, and when it must not.

/// watch(): from now on threads are looked at when they rest.
let watchFunction: FastFunction = { _, _, _ in
  watch()
  return none()
}

/// stop_watch(forked): no more samples of busy threads.
let stopWatchFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1 else { return none() }
  probe_watch_stop(field(arguments[0]) != 0)
  if field(arguments[0]) != 0 {
    probe_holders_forked()
    isForked = true
  }
  return none()
}

/// rest() and go_on(): around a fork, no thread of ours is to be counted.
let restFunction: FastFunction = { _, _, _ in
  probe_watch_rest()
  return none()
}
let goOnFunction: FastFunction = { _, _, _ in
  probe_watch_go_on()
  return none()
}
