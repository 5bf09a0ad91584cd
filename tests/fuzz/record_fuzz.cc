#include "tests/fuzz/record_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  firstline::store::CheckRecordInput(data, size);
  return 0;
}
