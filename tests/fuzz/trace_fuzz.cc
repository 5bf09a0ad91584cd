// The reader of traceparent: what it accepts it writes again so that it is read alike, and begins as
// the header did.
#include <cstdlib>
#include <string_view>

#include "common/trace/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  const auto read = firstline::trace::Parse(header);
  if (!read) return 0;
  const std::string written = read->ToHeader();
  if (firstline::trace::Parse(written) != read) std::abort();
  if (written.substr(2, 51) != header.substr(2, 51)) std::abort();
  return 0;
}
