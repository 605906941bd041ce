#include "cpython_abi.h"
