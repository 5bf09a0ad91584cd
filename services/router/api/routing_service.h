// RoutingService: unary calls and the batched stream on the callback API. WatchEvents is left to
// watch_events.h, which serves it from a completion queue of its own: idle streams must not share a
// queue with commands.
//
// Threads: as unary.h.
#pragma once

#include "firstline/v1/routing_service.grpc.pb.h"
#include "services/router/api/commands_stream.h"
#include "services/router/api/unary.h"

namespace firstline::api {

template <class Base>
using RoutingReads =
    v1::RoutingService::WithCallbackMethod_GetInquiry<
        v1::RoutingService::WithCallbackMethod_ListInquiries<Base>>;
template <class Base>
using RoutingMutations =
    v1::RoutingService::WithCallbackMethod_SubmitInquiry<
        v1::RoutingService::WithCallbackMethod_UpdateInquiry<
            v1::RoutingService::WithCallbackMethod_CancelInquiry<
                v1::RoutingService::WithCallbackMethod_TransferInquiry<
                    v1::RoutingService::WithCallbackMethod_RecordMessage<
                        v1::RoutingService::WithCallbackMethod_ParkInquiry<
                            v1::RoutingService::WithCallbackMethod_ResumeInquiry<
                                v1::RoutingService::WithCallbackMethod_CloseInquiry<
                                    v1::RoutingService::WithCallbackMethod_RecordFeedback<
                                        Base>>>>>>>>>;
using RoutingBase = v1::RoutingService::WithAsyncMethod_WatchEvents<
    v1::RoutingService::WithCallbackMethod_Commands<
        RoutingReads<RoutingMutations<v1::RoutingService::Service>>>>;

class RoutingService final : public RoutingBase {
 public:
  // `deps` must outlive it.
  explicit RoutingService(const Deps& deps) : deps_(deps) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* SubmitInquiry(Context* context, const v1::SubmitInquiryRequest* request,
                         v1::SubmitInquiryResponse* response) override;
  Reactor* UpdateInquiry(Context* context, const v1::UpdateInquiryRequest* request,
                         v1::UpdateInquiryResponse* response) override;
  Reactor* CancelInquiry(Context* context, const v1::CancelInquiryRequest* request,
                         v1::CancelInquiryResponse* response) override;
  Reactor* TransferInquiry(Context* context, const v1::TransferInquiryRequest* request,
                           v1::TransferInquiryResponse* response) override;
  Reactor* RecordMessage(Context* context, const v1::RecordMessageRequest* request,
                         v1::RecordMessageResponse* response) override;
  Reactor* ParkInquiry(Context* context, const v1::ParkInquiryRequest* request,
                       v1::ParkInquiryResponse* response) override;
  Reactor* ResumeInquiry(Context* context, const v1::ResumeInquiryRequest* request,
                         v1::ResumeInquiryResponse* response) override;
  Reactor* CloseInquiry(Context* context, const v1::CloseInquiryRequest* request,
                        v1::CloseInquiryResponse* response) override;
  Reactor* RecordFeedback(Context* context, const v1::RecordFeedbackRequest* request,
                          v1::RecordFeedbackResponse* response) override;
  Reactor* GetInquiry(Context* context, const v1::GetInquiryRequest* request,
                      v1::GetInquiryResponse* response) override;
  Reactor* ListInquiries(Context* context, const v1::ListInquiriesRequest* request,
                         v1::ListInquiriesResponse* response) override;
  grpc::ServerBidiReactor<v1::CommandsRequest, v1::CommandsResponse>* Commands(
      Context* context) override;

  // Ends the open Commands streams; see CommandsStreams::Drain.
  void Drain() { streams_.Drain(); }

 private:
  const Deps& deps_;
  CommandsStreams streams_{deps_};
};

}  // namespace firstline::api
