// Lists, page by page, in the order of the engine's handles.
//
// Threads: as unary.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "services/router/api/limits.h"
#include "services/router/api/page_token.h"
#include "services/router/api/unary.h"

namespace firstline::api {

// Where a page stands while the engine is walked.
class PageCursor {
 public:
  PageCursor(uint32_t first, int page_size)
      : first_(first), left_(static_cast<size_t>(page_size)) {}

  // False for what earlier pages have shown.
  bool Reached(uint32_t handle) const { return handle >= first_; }
  // True when the page ends before `handle`: it has its items, or looked at enough.
  bool Full(uint32_t handle) {
    if (left_ > 0 && visits_++ < limits::kPageVisitsMax) return false;
    next_ = handle;
    return true;
  }
  void Took() { --left_; }
  // Where the next page begins; none after the last.
  std::optional<uint32_t> next() const { return next_; }

 private:
  const uint32_t first_;
  size_t left_;
  size_t visits_ = 0;
  std::optional<uint32_t> next_;
};

struct PageScan {
  std::string token;
  std::string filter;  // as WritePageToken
  int32_t page_size = 0;
};

// Answers with the page that `visit` writes.
template <class Request, class Response>
void List(Backend& backend, UnaryCall<Request, Response>& call, const Fields& fields,
          PageScan scan,
          std::type_identity_t<std::function<void(const engine::Engine&, PageCursor&, Response&)>>
              visit) {
  const absl::StatusOr<PageToken> token = ReadPageToken(scan.token, scan.filter);
  if (!fields.ok() || !token.ok()) {
    return call.End(fields.ok() ? token.status() : fields.Error());
  }
  auto page = std::make_shared<PageCursor>(token->next, PageSize(scan.page_size));
  ReadState(
      backend, call.request().workspace(), call.deadline(),
      [&call, page, visit = std::move(visit)](const engine::Engine& engine) {
        visit(engine, *page, call.response());
        return absl::OkStatus();
      },
      [&call, page, epoch = token->epoch, filter = std::move(scan.filter)](
          absl::Status status, store::EventId cursor) {
        if (status.ok() && epoch != 0 && epoch != cursor.epoch) status = InvalidPageToken();
        if (status.ok() && page->next()) {
          call.response().set_next_page_token(
              WritePageToken({cursor.epoch, *page->next()}, filter));
        }
        call.End(status);
      });
}

}  // namespace firstline::api
