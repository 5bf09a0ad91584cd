// Messages as the YAML that common/config reads back: what `config get` and `replay --write-config`
// write.
//
// Thread rule: pure functions.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace firstline::cli {

// Fields that are set, by their names and in the order of the .proto file; maps by ascending key;
// durations as "1m30s". Bytes and floating point, which no configuration has, are left out.
// ParseYaml(ToYaml(m)) == m.
std::string ToYaml(const google::protobuf::Message& message);

}  // namespace firstline::cli
