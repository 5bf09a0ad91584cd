#include "common/client/request_id.h"

#include <array>
#include <cstdint>
#include <random>

#include "absl/strings/str_cat.h"
#include "firstline/v1/config_service.pb.h"

namespace firstline::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* StringField(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  const bool fits = field != nullptr && field->type() == FieldDescriptor::TYPE_STRING;
  return fits ? field : nullptr;
}

bool HasNaturalId(const Message& request) {
  const auto* type = request.GetDescriptor();
  return type == v1::SubmitInquiryRequest::descriptor() ||
         type == v1::RecordMessageRequest::descriptor() ||
         type == v1::RecordFeedbackRequest::descriptor();
}

// The request inside `command`, or null.
const FieldDescriptor* Held(const v1::Command& command) {
  return command.GetReflection()->GetOneofFieldDescriptor(
      command, command.GetDescriptor()->FindOneofByName("command"));
}

}  // namespace

std::string NewRequestId() {
  thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return absl::StrCat(absl::Hex(generator(), absl::kZeroPad16),
                      absl::Hex(generator(), absl::kZeroPad16));
}

void AttachRequestId(Message& request) {
  const FieldDescriptor* field = StringField(request, "request_id");
  if (field == nullptr || HasNaturalId(request)) return;
  if (!request.GetReflection()->GetString(request, field).empty()) return;
  request.GetReflection()->SetString(&request, field, NewRequestId());
}

void AttachRequestId(v1::Command& command) {
  const FieldDescriptor* held = Held(command);
  if (held != nullptr) AttachRequestId(*command.GetReflection()->MutableMessage(&command, held));
}

std::string WorkspaceOf(const Message& request) {
  const FieldDescriptor* field = StringField(request, "workspace");
  if (field != nullptr) return request.GetReflection()->GetString(request, field);
  if (request.GetDescriptor() == v1::ApplyWorkspaceRequest::descriptor()) {
    return static_cast<const v1::ApplyWorkspaceRequest&>(request).workspace().id();
  }
  return "";
}

std::string WorkspaceOf(const v1::Command& command) {
  const FieldDescriptor* held = Held(command);
  return held == nullptr ? std::string()
                         : WorkspaceOf(command.GetReflection()->GetMessage(command, held));
}

}  // namespace firstline::client
