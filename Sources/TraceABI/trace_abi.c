// The contract is in the headers; SwiftPM wants a source file.
#include "coroner.h"
#include "coroner_file.h"
