#include "services/router/api/watch_inquiries.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/limits.h"
#include "services/router/api/watch_interval.h"

namespace firstline::api {
namespace {

constexpr WatchInterval kWaitsInterval{.otherwise = engine::Seconds(5),
                                  .min = engine::Seconds(1),
                                  .max = engine::Seconds(60),
                                  .wanted = "1s..60s"};

using InquiriesStream =
    ServerStream<RoutingService, v1::WatchInquiriesRequest, v1::WatchInquiriesResponse>;

bool HasEnded(const v1::Inquiry& inquiry) {
  return inquiry.state() == v1::INQUIRY_STATE_CLOSED ||
         inquiry.state() == v1::INQUIRY_STATE_CANCELLED;
}

class WatchInquiries final : public InquiriesStream {
 public:
  WatchInquiries(std::shared_ptr<RpcLoop> loop, RoutingService& service, OwnerCalls& owner)
      : InquiriesStream(std::move(loop), {"firstline.v1.RoutingService", "WatchInquiries"}, service,
                        &RoutingService::RequestWatchInquiries),
        service_(service),
        owner_(owner) {}
  void Listen() { Accept(); }

 private:
  void ListenAgain() override { (new WatchInquiries(shared_loop(), service_, owner_))->Listen(); }

  void OnOpen() override {
    if (absl::Status s = CheckRequest(*caller(), request()); !s.ok()) return End(std::move(s));
    Fields fields;
    fields.Workspace(Path("workspace"), request().workspace());
    CheckIds(fields);
    ticks_each_ = ReadTicks(request(), kWaitsInterval, fields);
    if (!fields.ok()) return End(fields.Error());
    Ask();
  }

  void CheckIds(Fields& fields) const {
    const Path ids("inquiry_ids");
    const int count = request().inquiry_ids_size();
    if (count == 0) fields.Fail(ids, "is empty");
    if (!fields.AtMost(ids, static_cast<size_t>(count), limits::kWatchedInquiriesMax)) return;
    std::set<std::string> seen;
    for (int i = 0; i < count; ++i) {
      const std::string& id = request().inquiry_ids(i);
      if (fields.Id(Path(ids, i), id) && !seen.insert(id).second) {
        fields.Fail(Path(ids, i), "is named twice");
      }
    }
  }

  void OnTick() override {
    ++ticks_;
    ++quiet_ticks_;
    if (ticks_ >= ticks_each_ && !writing() && !asking_) Ask();
  }

  void Ask() {
    ticks_ = 0;
    asking_ = true;
    internal::v1::ReadInquiriesRequest read;
    read.set_workspace(request().workspace());
    *read.mutable_inquiry_ids() = request().inquiry_ids();
    owner_.ReadInquiries(
        std::move(read), caller(),
        [loop = shared_loop(), id = id()](const absl::Status& status,
                                          internal::v1::ReadInquiriesResponse& response) {
          auto reading = std::make_shared<internal::v1::ReadInquiriesResponse>(std::move(response));
          loop->PostTo<WatchInquiries>(id, [status, reading](WatchInquiries& self) {
            self.OnReading(status, *reading);
          });
        });
  }

  void OnReading(const absl::Status& status, internal::v1::ReadInquiriesResponse& reading) {
    asking_ = false;
    if (!status.ok()) return End(status);
    v1::WatchInquiriesResponse response;
    if (absl::Status known = WriteChanges(reading, response); !known.ok()) {
      return End(std::move(known));
    }
    const bool changed =
        response.inquiries_size() > 0 || response.forgotten_inquiry_ids_size() > 0;
    if (changed || quiet_ticks_ >= limits::kHeartbeat / RpcLoop::kTick) {
      quiet_ticks_ = 0;
      Write(response);
    }
    if (unended_ == 0) End(absl::OkStatus());
  }

  // Not OK when one was not there at first.
  absl::Status WriteChanges(internal::v1::ReadInquiriesResponse& reading,
                            v1::WatchInquiriesResponse& response) {
    unended_ = 0;
    auto next = reading.mutable_inquiries()->begin();
    for (int i = 0; i < request().inquiry_ids_size(); ++i) {
      const std::string& id = request().inquiry_ids(i);
      const auto told = told_.find(id);
      if (next == reading.mutable_inquiries()->end() || next->spec().id() != id) {
        if (told == told_.end() && forgotten_.count(id) == 0) return Unknown(id, i);
        if (told == told_.end()) continue;
        response.add_forgotten_inquiry_ids(id);
        told_.erase(told);
        forgotten_.insert(id);
        continue;
      }
      std::string bytes = next->SerializeAsString();
      if (!HasEnded(*next)) ++unended_;
      if (told == told_.end() || told->second != bytes) {
        told_[id] = std::move(bytes);
        response.add_inquiries()->Swap(&*next);
      }
      ++next;
    }
    return absl::OkStatus();
  }

  static absl::Status Unknown(const std::string& id, int index) {
    return status::Error(absl::StatusCode::kNotFound, "no such inquiry",
                         {.reason = "UNKNOWN_INQUIRY",
                          .metadata = {{"inquiry", id}},
                          .violations = {{absl::StrCat("inquiry_ids[", index, "]"),
                                          "no such inquiry"}}});
  }

  RoutingService& service_;
  OwnerCalls& owner_;
  int64_t ticks_each_ = 1;
  int64_t ticks_ = 0, quiet_ticks_ = 0;  // since the last question, the last message
  bool asking_ = false;
  int unended_ = 0;                            // that have not ended
  std::map<std::string, std::string> told_;  // by id, as bytes
  std::set<std::string> forgotten_;
};

}  // namespace

void ListenForInquiries(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                        OwnerCalls& owner) {
  loop->Post([loop, &service, &owner] {
    (new WatchInquiries(loop, service, owner))->Listen();
  });
}

}  // namespace firstline::api
