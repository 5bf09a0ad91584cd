#include <deque>
#include <utility>

#include "firstline/v1/routing_service.pb.h"
#include "tests/bench/load.h"

namespace firstline::bench {
namespace {

struct Slot {
  Clock::time_point began;
  Request request;
};

class StreamLoad;

// One stream on a connection of its own.
class Stream {
 public:
  Stream(StreamLoad& load, std::shared_ptr<grpc::Channel> channel) : load_(load), stub_(channel) {}

  void Open(const std::string& path, grpc::CompletionQueue& queue) {
    stream_ = stub_.PrepareCall(&context_, path, &queue);
    stream_->StartCall(&opened_);
  }
  // The slot's request is to be sent.
  void Add(int slot) { ready_.push_back(slot); }
  void Handle(void* tag, bool ok);

 private:
  // Completions, told apart by which member their tag points to.
  struct Tag {
    Stream* stream;
  };
  friend class StreamLoad;

  void TakeAnswers();
  void TakeAnswer(std::string_view result);
  void WriteReady();

  StreamLoad& load_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::ByteBuffer in_;
  std::string out_, element_;
  std::deque<int> ready_;
  size_t unanswered_ = 0;
  bool writing_ = true, half_closed_ = false;  // writing until opened
  grpc::Status status_;
  Tag opened_{this}, read_{this}, written_{this}, finished_{this};
};

class StreamLoad {
 public:
  StreamLoad(const LoadOptions& options, Work& work, Measurement& measurement)
      : options_(options),
        work_(work),
        measurement_(measurement),
        slots_(static_cast<size_t>(options.outstanding)) {
    for (auto& channel : Connect(options)) {
      streams_.push_back(std::make_unique<Stream>(*this, channel));
      streams_.back()->Open(work.stream_path(), queue_);
    }
  }

  Outcome Run() {
    for (size_t i = 0; i < slots_.size(); ++i) {
      Begin(static_cast<int>(i), Clock::now());
      streams_[i % streams_.size()]->Add(static_cast<int>(i));
    }
    open_ = streams_.size();
    void* tag = nullptr;
    bool ok = false;
    while (open_ > 0 && queue_.Next(&tag, &ok)) {
      static_cast<Stream::Tag*>(tag)->stream->Handle(tag, ok);
    }
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) {
    }
    return outcome_;
  }

  const Request& RequestOf(int slot) { return slots_[static_cast<size_t>(slot)].request; }
  const LoadOptions& options() const { return options_; }

  // Whether the slot has another request to send.
  bool Answered(int number, std::string_view answer) {
    ++outcome_.calls;
    Slot& slot = slots_[static_cast<size_t>(number)];
    if (work_.GoOn(number, answer, slot.request)) return true;
    const Clock::time_point now = Clock::now();
    measurement_.Ended(slot.began, now);
    return BeginUnlessOver(number, now);
  }
  bool Refused(int number, const std::string& why) {
    if (outcome_.errors++ == 0) outcome_.first_error = why;
    return BeginUnlessOver(number, Clock::now());
  }
  void CountMessage() { ++outcome_.messages; }
  void Finished(const grpc::Status& status) {
    --open_;
    if (!status.ok()) Fail("a stream ended: " + status.error_message());
  }

 private:
  bool BeginUnlessOver(int number, Clock::time_point now) {
    if (measurement_.Over(now)) return false;
    Begin(number, now);
    return true;
  }
  void Begin(int number, Clock::time_point now) {
    Slot& slot = slots_[static_cast<size_t>(number)];
    slot.began = now;
    work_.Begin(number, slot.request);
  }

  const LoadOptions options_;
  Work& work_;
  Measurement& measurement_;
  grpc::CompletionQueue queue_;
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<Stream>> streams_;
  Outcome outcome_;
  size_t open_ = 0;
};

void Stream::Handle(void* tag, bool ok) {
  if (tag == &finished_) return load_.Finished(status_);
  if (tag == &opened_ || tag == &written_) {
    writing_ = false;
    if (tag == &opened_) stream_->Read(&in_, &read_);
  } else if (!ok) {
    return stream_->Finish(&status_, &finished_);
  } else {
    TakeAnswers();
    stream_->Read(&in_, &read_);
  }
  WriteReady();
}

void Stream::TakeAnswers() {
  grpc::Slice scratch;
  std::string_view bytes = BytesOf(in_, scratch), result;
  while (TakeField(bytes, 1, result)) TakeAnswer(result);
  in_.Clear();
}

void Stream::TakeAnswer(std::string_view result) {
  uint64_t id = 0;
  std::string_view answer;
  TakeNumber(result, 1, id);  // An id of 0 is not sent.
  const int slot = static_cast<int>(id);
  --unanswered_;
  bool more = false;
  if (TakeField(result, 2, answer)) {
    more = load_.Answered(slot, answer);
  } else {
    v1::CommandResult whole;
    whole.ParseFromArray(result.data(), static_cast<int>(result.size()));
    more = load_.Refused(slot, whole.error().message());
  }
  if (more) Add(slot);
}

void Stream::WriteReady() {
  if (writing_ || half_closed_) return;
  if (ready_.empty()) {
    if (unanswered_ > 0) return;
    half_closed_ = true;
    writing_ = true;
    return stream_->WritesDone(&written_);
  }
  const LoadOptions& options = load_.options();
  if (unanswered_ > 0 && ready_.size() < static_cast<size_t>(options.batch_min)) return;
  out_.clear();
  for (int n = 0; n < options.batch_max && !ready_.empty(); ++n) {
    const int slot = ready_.front();
    const Request& request = load_.RequestOf(slot);
    ready_.pop_front();
    element_.clear();
    AddNumber(element_, 1, static_cast<uint64_t>(slot));
    AddField(element_, request.call->field, request.bytes);
    AddField(out_, 1, element_);
    ++unanswered_;
  }
  writing_ = true;
  load_.CountMessage();
  stream_->Write(ToBuffer(out_), &written_);
}

}  // namespace

Outcome RunStream(const LoadOptions& options, Work& work, Measurement& measurement) {
  return StreamLoad(options, work, measurement).Run();
}

}  // namespace firstline::bench
