// Explanations as a supervisor reads them: what the inquiry or agent is, then one line for each that
// might match, with the reason why not and what would help.
//
// Thread rule: pure functions.
#pragma once

#include <ostream>
#include <string>

#include "firstline/v1/explain_service.pb.h"

namespace firstline::cli {

// "place 2 in its line, 5 in its queue", and what to expect if that is known; "" unless it waits.
// Lines after the first begin with `indent`.
std::string ProspectText(const v1::Inquiry& inquiry, const std::string& indent);
void ShowExplanation(std::ostream& out, const v1::ExplainInquiryResponse& response, bool coloured);
void ShowExplanation(std::ostream& out, const v1::ExplainSubmitResponse& response, bool coloured);
void ShowExplanation(std::ostream& out, const v1::ExplainAgentResponse& response, bool coloured);

}  // namespace firstline::cli
