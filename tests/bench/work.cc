#include "tests/bench/work.h"

#include "tests/bench/load.h"
#include "tests/bench/measurement.h"
#include "tests/bench/sample.h"

namespace firstline::bench {
namespace {

const Call kSay{"/firstline.bench.Echo/Say", 2};
const std::string kEchoStream = "/firstline.bench.Echo/Stream";
const Call kSubmit{"/firstline.v1.RoutingService/SubmitInquiry", 2};
const Call kRecordMessage{"/firstline.v1.RoutingService/RecordMessage", 6};
const Call kClose{"/firstline.v1.RoutingService/CloseInquiry", 9};
const Call kAccept{"/firstline.v1.AgentService/AcceptOffer", 12};
const std::string kCommands = "/firstline.v1.RoutingService/Commands";

}  // namespace

EchoWork::EchoWork() { AddField(say_, 1, SampleSubmit(0).SerializeAsString()); }

const std::string& EchoWork::stream_path() const { return kEchoStream; }

void EchoWork::Begin(int, Request& request) {
  request.call = &kSay;
  request.bytes = say_;
}

bool EchoWork::GoOn(int, std::string_view answer, Request&) {
  if (answer.size() + 8 < say_.size()) Fail("the echo is shorter than what was said");
  return false;
}

InquiryWork::InquiryWork(Extent extent, int slots)
    : extent_(extent), places_(static_cast<size_t>(slots)) {
  for (int i = 0; i < kRequirements; ++i) {
    Template made{SampleSubmit(i).SerializeAsString()};
    made.id_at = made.bytes.find(InquiryId(i));
    templates_.push_back(std::move(made));
  }
  accept_.set_workspace(kWorkspace);
  reply_.set_workspace(kWorkspace);
  reply_.set_message_id("message-1");
  reply_.set_author(v1::AUTHOR_AGENT);
  close_.set_workspace(kWorkspace);
  close_.set_resolution(v1::RESOLUTION_RESOLVED);
}

const std::string& InquiryWork::stream_path() const { return kCommands; }

void InquiryWork::Begin(int slot, Request& request) {
  Submit(places_[static_cast<size_t>(slot)], request);
}

void InquiryWork::Submit(Place& place, Request& request) {
  if (begun_ == kInquiriesMax) Fail("out of inquiry ids");
  const int number = begun_++;
  const Template& made = templates_[static_cast<size_t>(number % kRequirements)];
  place.call = request.call = &kSubmit;
  place.inquiry_id = InquiryId(number);
  request.bytes = made.bytes;
  request.bytes.replace(made.id_at, place.inquiry_id.size(), place.inquiry_id);
}

bool InquiryWork::GoOn(int slot, std::string_view answer, Request& request) {
  Place& place = places_[static_cast<size_t>(slot)];
  if (place.call == &kSubmit) return AfterSubmit(place, answer, request);
  if (place.call == &kAccept) {
    Reply(place, request);
    return true;
  }
  if (place.call == &kRecordMessage) {
    Close(place, request);
    return true;
  }
  ++closed_;
  return false;
}

bool InquiryWork::AfterSubmit(Place& place, std::string_view answer, Request& request) {
  ++submitted_;
  if (extent_ == Extent::kSubmit) return false;
  if (!receipt_.ParseFromArray(answer.data(), static_cast<int>(answer.size()))) {
    Fail("a receipt cannot be read");
  }
  if (receipt_.agent_id().empty()) {
    ++unserved_;
    return false;
  }
  place.agent_id = receipt_.agent_id();
  if (extent_ == Extent::kAssign) {
    Close(place, request);
    return true;
  }
  place.call = request.call = &kAccept;
  accept_.set_offer_id(receipt_.offer_id());
  accept_.set_agent_id(place.agent_id);
  accept_.SerializeToString(&request.bytes);
  return true;
}

void InquiryWork::Reply(Place& place, Request& request) {
  place.call = request.call = &kRecordMessage;
  reply_.set_inquiry_id(place.inquiry_id);
  reply_.set_agent_id(place.agent_id);
  reply_.SerializeToString(&request.bytes);
}

void InquiryWork::Close(Place& place, Request& request) {
  place.call = request.call = &kClose;
  close_.set_inquiry_id(place.inquiry_id);
  close_.set_agent_id(place.agent_id);
  close_.SerializeToString(&request.bytes);
}

}  // namespace firstline::bench
