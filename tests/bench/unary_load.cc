#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/bench/load.h"

namespace firstline::bench {
namespace {

// One piece of work at a time.
struct Slot {
  int number = 0;
  grpc::GenericStub* stub = nullptr;
  Clock::time_point began;
  Request request;
  std::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
};

class UnaryLoad {
 public:
  UnaryLoad(const LoadOptions& options, Work& work, Measurement& measurement)
      : work_(work), measurement_(measurement), slots_(static_cast<size_t>(options.outstanding)) {
    for (const auto& channel : Connect(options)) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
    }
    for (size_t i = 0; i < slots_.size(); ++i) {
      slots_[i].number = static_cast<int>(i);
      slots_[i].stub = stubs_[i % stubs_.size()].get();
    }
  }

  Outcome Run() {
    for (Slot& slot : slots_) Begin(slot, Clock::now());
    void* tag = nullptr;
    bool ok = false;
    while (open_ > 0 && queue_.Next(&tag, &ok)) Answered(*static_cast<Slot*>(tag));
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) {
    }
    return outcome_;
  }

 private:
  void Begin(Slot& slot, Clock::time_point now) {
    slot.began = now;
    work_.Begin(slot.number, slot.request);
    Send(slot);
  }

  void Send(Slot& slot) {
    ++open_;
    slot.reader.reset();  // It lives in the call, which the context owns.
    slot.context.emplace();
    slot.response.Clear();
    slot.reader = slot.stub->PrepareUnaryCall(&*slot.context, slot.request.call->path,
                                              ToBuffer(slot.request.bytes), &queue_);
    slot.reader->StartCall();
    slot.reader->Finish(&slot.response, &slot.status, &slot);
  }

  void Answered(Slot& slot) {
    --open_;
    if (Proceed(slot)) return Send(slot);
    const Clock::time_point now = Clock::now();
    if (slot.status.ok()) measurement_.Ended(slot.began, now);
    if (!measurement_.Over(now)) Begin(slot, now);
  }

  // Whether the slot's piece of work goes on.
  bool Proceed(Slot& slot) {
    if (!slot.status.ok()) {
      if (outcome_.errors++ == 0) {
        outcome_.first_error =
            absl::StrCat(slot.status.error_code(), ": ", slot.status.error_message());
      }
      return false;
    }
    ++outcome_.calls;
    grpc::Slice scratch;
    std::string_view bytes = BytesOf(slot.response, scratch), answer;
    if (!TakeField(bytes, 1, answer)) Fail("an answer without a receipt");
    return work_.GoOn(slot.number, answer, slot.request);
  }

  Work& work_;
  Measurement& measurement_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<Slot> slots_;
  Outcome outcome_;
  int open_ = 0;
};

}  // namespace

Outcome RunUnary(const LoadOptions& options, Work& work, Measurement& measurement) {
  return UnaryLoad(options, work, measurement).Run();
}

}  // namespace firstline::bench
