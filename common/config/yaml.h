// Configuration files: YAML whose shape is a protobuf message.
//
//   WorkspaceConfig config;
//   absl::Status status = config::ParseYaml(text, config, {.source_name = "demo.yaml"});
//   demo.yaml:12:5: unknown field 'targt' in Queue; did you mean 'target'?
//
// Keys are the fields' names as in the .proto file (lowerCamelCase is understood too). Nothing is
// silently dropped: unknown or repeated keys, two members of a oneof and values of another type are
// errors with line and column. Durations are written as in duration.h ("1m30s"), timestamps as RFC
// 3339, enum values by their name, bytes in base64, maps as mappings. An empty value leaves the
// field unset. Anchors and aliases may be used, merge keys (<<) may not.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <google/protobuf/message.h>

#include "absl/status/status.h"

namespace firstline::config {

struct YamlOptions {
  // What stands before the line in messages.
  std::string source_name = "config";
  // Mistakes to report before giving up; at least one.
  std::size_t errors_max = 20;
};

// Bounds against files that are small on disk and huge in memory (aliases of aliases).
inline constexpr std::size_t kYamlBytesMax = 16 << 20;
inline constexpr std::size_t kYamlNodesMax = 2'000'000;
inline constexpr int kYamlDepthMax = 64;

// Replaces `message` by what `yaml` says. On error kInvalidArgument with the reason CONFIG_INVALID,
// one violation a mistake (field: its path, such as "queues[2].target"; description: the text with
// line and column) and a message of all descriptions, a line each; `message` is then unchanged.
// An empty document is an empty message.
absl::Status ParseYaml(std::string_view yaml, google::protobuf::Message& message,
                       const YamlOptions& options = {});

}  // namespace firstline::config
