#include "tests/fuzz/jwt_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  firstline::jwt::CheckTokenInput(data, size);
  return 0;
}
