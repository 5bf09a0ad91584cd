// From a YAML tree to the JSON that protobuf reads, guided by the message's descriptor. Internal to
// this library: the rules are those of yaml.h.
//
// The descriptor is what makes it possible to say which value on which line is wrong: protobuf's
// own JSON reader has forgotten the lines.
#pragma once

#include <google/protobuf/descriptor.h>
#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/yaml.h"
#include "common/status/reason.h"

namespace firstline::config {

class YamlConverter {
 public:
  explicit YamlConverter(const YamlOptions& options) : options_(options) {}

  // The JSON object for a message of type `type`. Mistakes are collected; the result is of use only
  // when there are none.
  nlohmann::ordered_json Convert(const YAML::Node& node, const google::protobuf::Descriptor& type);

  const std::vector<status::FieldViolation>& violations() const { return violations_; }

 private:
  using Json = nlohmann::ordered_json;
  using Descriptor = google::protobuf::Descriptor;
  using FieldDescriptor = google::protobuf::FieldDescriptor;

  // Each returns null after reporting a mistake.
  Json Message(const YAML::Node& node, const Descriptor& type);
  Json Object(const YAML::Node& node, const Descriptor& type);
  Json Field(const YAML::Node& node, const FieldDescriptor& field);
  Json List(const YAML::Node& node, const FieldDescriptor& field);
  Json Map(const YAML::Node& node, const FieldDescriptor& field);
  Json Single(const YAML::Node& node, const FieldDescriptor& field);
  Json Enum(const YAML::Node& node, const google::protobuf::EnumDescriptor& type);
  Json Duration(const YAML::Node& node);
  Json Free(const YAML::Node& node);

  bool Enter(const YAML::Node& node);
  bool CheckScalar(const YAML::Node& node, std::string_view wanted);
  Json Mistake(const YAML::Node& node, std::string_view description);
  bool Full() const { return given_up_ || violations_.size() >= options_.errors_max; }

  const YamlOptions& options_;
  std::vector<status::FieldViolation> violations_;
  std::string path_;
  std::size_t nodes_ = 0;
  int depth_ = 0;
  bool given_up_ = false;  // A bound was passed: nothing after it is looked at.
};

}  // namespace firstline::config
