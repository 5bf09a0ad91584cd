#include "tests/fuzz/convert_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  firstline::api::CheckConvertInput(data, size);
  return 0;
}
