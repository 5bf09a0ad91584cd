// How often a watch stream tells what is new, as its request asks for.
#pragma once

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/rpc_loop.h"

namespace firstline::api {

struct WatchInterval {
  engine::Span otherwise;  // where the request has none
  engine::Span min, max;
  const char* wanted;  // the bounds for people, such as "1s..60s"
};

// The request's field `interval` in ticks of the loop; what is out of bounds is told in `fields`.
template <typename Request>
int64_t ReadTicks(const Request& request, const WatchInterval& bounds, Fields& fields) {
  engine::Span interval = bounds.otherwise;
  if (request.has_interval()) {
    const Path path("interval");
    interval = ReadSpan(request.interval(), path, fields);
    if (fields.ok() && (interval < bounds.min || interval > bounds.max)) {
      fields.Fail(path, absl::StrCat("is not in ", bounds.wanted));
    }
  }
  return interval.us / engine::Milliseconds(RpcLoop::kTick.count()).us;
}

}  // namespace firstline::api
