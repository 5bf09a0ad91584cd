#include "common/trace/trace_context.h"

#include <random>

#include "absl/strings/str_cat.h"

namespace firstline::trace {
namespace {

constexpr unsigned kSampled = 0x01;
constexpr unsigned kRandom = 0x02;

// version-trace-parent-flags: 2, 32, 16 and 2 digits.
constexpr std::size_t kBytes = 55;

// `text` has at most 16 digits.
std::optional<std::uint64_t> ParseHex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::string Hex16(std::uint64_t value) {
  return absl::StrCat(absl::Hex(value, absl::kZeroPad16));
}

// Never 0. Ids must be unlikely to meet, not hard to guess.
std::uint64_t Draw() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::uint64_t drawn = 0;
  while (drawn == 0) drawn = random();
  return drawn;
}

}  // namespace

std::string Context::TraceId() const { return Hex16(trace_high) + Hex16(trace_low); }

std::string Context::SpanId() const { return Hex16(span); }

std::string Context::ToHeader() const {
  const unsigned flags = (sampled ? kSampled : 0) | (random ? kRandom : 0);
  return absl::StrCat("00-", TraceId(), "-", SpanId(), "-",
                      absl::Hex(flags, absl::kZeroPad2));
}

std::optional<Context> Parse(std::string_view header) {
  if (header.size() < kBytes || header.size() > kHeaderBytesMax) return std::nullopt;
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  const auto version = ParseHex(header.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  if (header.size() > kBytes && (*version == 0 || header[kBytes] != '-')) return std::nullopt;
  const auto high = ParseHex(header.substr(3, 16));
  const auto low = ParseHex(header.substr(19, 16));
  const auto span = ParseHex(header.substr(36, 16));
  const auto flags = ParseHex(header.substr(53, 2));
  if (!high || !low || !span || !flags) return std::nullopt;
  if ((*high == 0 && *low == 0) || *span == 0) return std::nullopt;
  return Context{.trace_high = *high,
                 .trace_low = *low,
                 .span = *span,
                 .sampled = (*flags & kSampled) != 0,
                 .random = (*flags & kRandom) != 0};
}

Context NewTrace() {
  return {.trace_high = Draw(), .trace_low = Draw(), .span = Draw(), .sampled = true,
          .random = true};
}

Context NewSpan(const Context& parent) {
  Context step = parent;
  while (step.span == parent.span) step.span = Draw();
  return step;
}

}  // namespace firstline::trace
