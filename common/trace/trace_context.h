// Where a call stands in a trace that began elsewhere: the header `traceparent` of W3C Trace Context
// (https://www.w3.org/TR/trace-context/, version 00; the random flag of level 2 is kept).
//
//   std::optional<trace::Context> caller = trace::Parse(header);
//   if (caller) next.set_header(trace::NewSpan(*caller).ToHeader());
//
// Nothing is recorded here. `tracestate` is not read: it may be left out by whoever is the last to
// take part in a trace, which a router is.
//
// Thread rule: values; functions from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace firstline::trace {

// As in metadata.
inline constexpr char kHeader[] = "traceparent";
// Longer headers are of no version that can come to be read: 55 bytes are known.
inline constexpr std::size_t kHeaderBytesMax = 512;

struct Context {
  std::uint64_t trace_high = 0;  // not 0 together with trace_low
  std::uint64_t trace_low = 0;
  std::uint64_t span = 0;        // not 0
  bool sampled = false;          // somebody records it
  bool random = false;           // the trace's id was drawn at random

  std::string TraceId() const;   // 32 lower-case hexadecimal digits
  std::string SpanId() const;    // 16
  std::string ToHeader() const;  // version 00
  friend bool operator==(const Context&, const Context&) = default;
};

// Nothing for what must be ignored: another form, upper case, ids of zeros, version ff, a version 00
// with more than it has. Of later versions what version 00 has is read.
std::optional<Context> Parse(std::string_view header);

// The beginning of a trace that is recorded.
Context NewTrace();
// A step of the same trace.
Context NewSpan(const Context& parent);

}  // namespace firstline::trace
