#include "services/cli/yaml_text.h"

#include <google/protobuf/util/time_util.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <vector>

#include "common/config/duration.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace firstline::cli {
namespace {

using google::protobuf::Duration;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

void Write(const Message& message, YAML::Emitter& out);

// A position in a repeated field, or the field itself.
constexpr int kSingular = -1;

std::string StringOf(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  std::string scratch;
  return index == kSingular
             ? reflection.GetStringReference(message, &field, &scratch)
             : reflection.GetRepeatedStringReference(message, &field, index, &scratch);
}

template <class Single, class Repeated>
auto Get(const Message& message, const FieldDescriptor& field, int index, Single single,
         Repeated repeated) {
  const Reflection& reflection = *message.GetReflection();
  return index == kSingular ? (reflection.*single)(message, &field)
                            : (reflection.*repeated)(message, &field, index);
}

void WriteMessage(const Message& message, YAML::Emitter& out) {
  if (message.GetDescriptor() == Duration::descriptor()) {
    const auto& span = static_cast<const Duration&>(message);
    out << config::FormatDuration(TimeUtil::DurationToNanoseconds(span));
  } else if (message.GetDescriptor() == Timestamp::descriptor()) {
    out << YAML::DoubleQuoted << TimeUtil::ToString(static_cast<const Timestamp&>(message));
  } else {
    Write(message, out);
  }
}

void WriteValue(const Message& message, const FieldDescriptor& field, int index,
                YAML::Emitter& out) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      out << Get(message, field, index, &Reflection::GetBool, &Reflection::GetRepeatedBool);
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      out << Get(message, field, index, &Reflection::GetInt32, &Reflection::GetRepeatedInt32);
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      out << Get(message, field, index, &Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      out << Get(message, field, index, &Reflection::GetInt64, &Reflection::GetRepeatedInt64);
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      out << Get(message, field, index, &Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      out << Get(message, field, index, &Reflection::GetEnum, &Reflection::GetRepeatedEnum)->name();
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      // Quoted, so that a queue "30175" or "no" stays a text.
      out << YAML::DoubleQuoted << StringOf(message, field, index);
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return WriteMessage(index == kSingular
                              ? reflection.GetMessage(message, &field)
                              : reflection.GetRepeatedMessage(message, &field, index),
                          out);
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE: out << YAML::Null;
  }
}

void WriteMap(const Message& message, const FieldDescriptor& field, YAML::Emitter& out) {
  const FieldDescriptor& key = *field.message_type()->FindFieldByNumber(1);
  const FieldDescriptor& value = *field.message_type()->FindFieldByNumber(2);
  std::vector<const Message*> entries;
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    entries.push_back(&reflection.GetRepeatedMessage(message, &field, i));
  }
  const bool by_text = key.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  std::sort(entries.begin(), entries.end(), [&](const Message* a, const Message* b) {
    if (by_text) return StringOf(*a, key, kSingular) < StringOf(*b, key, kSingular);
    return a->GetReflection()->GetInt32(*a, &key) < b->GetReflection()->GetInt32(*b, &key);
  });
  out << YAML::BeginMap;
  for (const Message* entry : entries) {
    out << YAML::Key;
    WriteValue(*entry, key, kSingular, out);
    out << YAML::Value;
    WriteValue(*entry, value, kSingular, out);
  }
  out << YAML::EndMap;
}

void WriteList(const Message& message, const FieldDescriptor& field, YAML::Emitter& out) {
  const bool plain = field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
  if (plain) out << YAML::Flow;
  out << YAML::BeginSeq;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    WriteValue(message, field, i, out);
  }
  out << YAML::EndSeq;
}

void Write(const Message& message, YAML::Emitter& out) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  out << YAML::BeginMap;
  for (const FieldDescriptor* field : fields) {
    out << YAML::Key << field->name() << YAML::Value;
    if (field->is_map()) {
      WriteMap(message, *field, out);
    } else if (field->is_repeated()) {
      WriteList(message, *field, out);
    } else {
      WriteValue(message, *field, kSingular, out);
    }
  }
  out << YAML::EndMap;
}

}  // namespace

std::string ToYaml(const Message& message) {
  YAML::Emitter out;
  Write(message, out);
  return std::string(out.c_str()) + "\n";
}

}  // namespace firstline::cli
