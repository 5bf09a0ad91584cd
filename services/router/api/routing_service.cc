#include "services/router/api/routing_service.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/list.h"

namespace firstline::api {
namespace {

constexpr std::string_view kService = "firstline.v1.RoutingService";

// What ListInquiries asks for, resolved in the workspace.
struct InquiryFilter {
  std::set<engine::InquiryState> states;
  std::string queue;
  std::string agent_id;

  bool Takes(const engine::Engine& engine, const engine::Inquiry& inquiry) const {
    if (!states.empty() && states.count(inquiry.state) == 0) return false;
    if (!queue.empty() && engine.QueueId(inquiry.queue) != queue) return false;
    if (agent_id.empty()) return true;
    return !engine::IsEnded(inquiry.state) && engine.AgentId(inquiry.agent) == agent_id;
  }
};

InquiryFilter ReadFilter(const v1::ListInquiriesRequest& request, Fields& fields) {
  InquiryFilter filter{{}, request.queue(), request.agent_id()};
  const Path root, states("states");
  fields.Workspace(root / "workspace", request.workspace());
  fields.Range(root / "page_size", request.page_size(), 0, limits::kPageSizeMax);
  fields.OptionalName(root / "queue", request.queue());
  fields.OptionalId(root / "agent_id", request.agent_id());
  if (fields.AtMost(states, static_cast<size_t>(request.states_size()), 6)) {
    for (int i = 0; i < request.states_size(); ++i) {
      filter.states.insert(
          ReadEnum(static_cast<v1::InquiryState>(request.states(i)), Path(states, i),
                           fields));
    }
  }
  return filter;
}

std::string TextOf(const v1::ListInquiriesRequest& request) {
  std::string text = absl::StrCat("inquiries ", request.workspace(), " ", request.queue(), " ",
                                  request.agent_id());
  for (int state : request.states()) absl::StrAppend(&text, " ", state);
  return text;
}

}  // namespace

#define FIRSTLINE_MUTATION(Name)                                                        \
  grpc::ServerUnaryReactor* RoutingService::Name(                                       \
      Context* context, const v1::Name##Request* request, v1::Name##Response* response) { \
    return Mutate(deps_, {kService, #Name}, *context, *request, response);              \
  }
FIRSTLINE_MUTATION(SubmitInquiry)
FIRSTLINE_MUTATION(UpdateInquiry)
FIRSTLINE_MUTATION(CancelInquiry)
FIRSTLINE_MUTATION(TransferInquiry)
FIRSTLINE_MUTATION(RecordMessage)
FIRSTLINE_MUTATION(ParkInquiry)
FIRSTLINE_MUTATION(ResumeInquiry)
FIRSTLINE_MUTATION(CloseInquiry)
FIRSTLINE_MUTATION(RecordFeedback)
#undef FIRSTLINE_MUTATION

grpc::ServerUnaryReactor* RoutingService::GetInquiry(Context* context,
                                                     const v1::GetInquiryRequest* request,
                                                     v1::GetInquiryResponse* response) {
  Fields fields;
  const Path root;
  fields.Workspace(root / "workspace", request->workspace());
  fields.Id(root / "inquiry_id", request->inquiry_id());
  const auto read = [request](const engine::Engine& engine, v1::GetInquiryResponse& out) {
    const engine::InquiryIx ix = engine.FindInquiry(request->inquiry_id());
    if (!ix.IsSet()) {
      return ToStatus(engine::Rejection::kUnknownInquiry, request->inquiry_id(),
                      KindOf<engine::Cancel>());
    }
    WriteInquiry(engine, engine.inquiry(ix), out.mutable_inquiry());
    return absl::OkStatus();
  };
  return Read<v1::GetInquiryResponse>(deps_, {kService, "GetInquiry"}, *context,
                                      request->workspace(), fields, response, read);
}

grpc::ServerUnaryReactor* RoutingService::ListInquiries(Context* context,
                                                        const v1::ListInquiriesRequest* request,
                                                        v1::ListInquiriesResponse* response) {
  Fields fields;
  InquiryFilter filter = ReadFilter(*request, fields);
  PageScan scan{request->page_token(), TextOf(*request), request->page_size()};
  const auto visit = [filter = std::move(filter)](const engine::Engine& engine, PageCursor& page,
                                                  v1::ListInquiriesResponse& out) {
    engine.ForEachInquiry([&](engine::InquiryIx ix, const engine::Inquiry& inquiry) {
      if (!page.Reached(ix.value)) return true;
      if (page.Full(ix.value)) return false;
      if (!filter.Takes(engine, inquiry)) return true;
      WriteInquiry(engine, inquiry, out.add_inquiries());
      page.Took();
      return true;
    });
  };
  return List<v1::ListInquiriesResponse>(deps_, {kService, "ListInquiries"}, *context,
                                         request->workspace(), fields, std::move(scan), response,
                                         visit);
}

grpc::ServerBidiReactor<v1::CommandsRequest, v1::CommandsResponse>* RoutingService::Commands(
    Context*) {
  return streams_.Start({kService, "Commands"});
}

}  // namespace firstline::api
