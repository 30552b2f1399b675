#include "demo/demo_texts.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace minslice::demo {
namespace {

using Json = nlohmann::ordered_json;

// A value picked by flow and number (splitmix64's finaliser): scattered, and the same everywhere.
std::uint64_t Pick(std::string_view flow, int number, int what) {
  std::uint64_t x = static_cast<std::uint64_t>(number) * 1000003U + static_cast<std::uint64_t>(what) * 8191U;
  for (const char letter : flow) x = x * 131U + static_cast<unsigned char>(letter);
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

template <std::size_t N>
std::string_view OneOf(const std::array<std::string_view, N>& words, std::uint64_t pick) {
  return words[pick % N];
}

Json Tool(std::string_view name, std::string_view description, const Json& properties) {
  Json required = Json::array();
  for (const auto& [key, unused] : properties.items()) required.push_back(key);
  return {{"type", "function"},
          {"function",
           {{"name", name},
            {"description", description},
            {"parameters", {{"type", "object"}, {"properties", properties}, {"required", required}}}}}};
}

Json Call(std::string_view name, const Json& arguments) { return {{"name", name}, {"arguments", arguments}}; }

// 1249.5 -> "1,249.50", as people write it.
std::string Money(std::uint64_t cents) {
  const std::uint64_t whole = cents / 100;
  const std::string fraction = fmt::format("{:02}", cents % 100);
  if (whole < 1000) return fmt::format("{}.{}", whole, fraction);
  return fmt::format("{},{:03}.{}", whole / 1000, whole % 1000, fraction);
}

CaseText Refund(int number, bool large, std::string_view flow) {
  static constexpr std::array<std::string_view, 4> kReasons{"damaged", "late", "wrong_item",
                                                            "not_as_described"};
  static constexpr std::array<std::string_view, 4> kStories{
      "arrived with a cracked frame", "came eleven days late and I had to buy another",
      "was not what I had ordered", "looks nothing like the pictures"};
  const std::uint64_t which = Pick(flow, number, 0) % kReasons.size();
  const std::uint64_t cents =
      large ? 100000 + Pick(flow, number, 1) % 350000 : 995 + Pick(flow, number, 1) % 89000;
  const std::string order = fmt::format("A-{:06}", 100000 + Pick(flow, number, 2) % 900000);
  const double amount = static_cast<double>(cents) / 100.0;
  CaseText text;
  text.prompt = fmt::format("Order {} {}. I paid {} EUR and want all of it back.", order, kStories[which],
                            Money(cents));
  text.tool = Tool("refund_order", "Refund an order to the original payment method",
                   {{"order_id", {{"type", "string"}}},
                    {"amount", {{"type", "number"}}},
                    {"currency", {{"type", "string"}}},
                    {"reason", {{"type", "string"}, {"enum", kReasons}}}});
  Json arguments = {
      {"order_id", order}, {"amount", amount}, {"currency", "EUR"}, {"reason", kReasons[which]}};
  text.expected = Call("refund_order", arguments);
  if (large) {
    arguments["amount"] =
        Money(cents);  // a string with a thousands separator, which the payment system refuses
  } else {
    arguments["reason"] = kReasons[(which + 1) % kReasons.size()];
  }
  text.wrong = Call("refund_order", arguments);
  return text;
}

CaseText Invoice(int number, std::string_view flow) {
  static constexpr std::array<std::string_view, 5> kVendors{
      "Nordlicht GmbH", "Atelier Moreau", "Kestrel Supplies Ltd", "Banco Tejo", "Hallgrim AS"};
  const std::string_view vendor = OneOf(kVendors, Pick(flow, number, 0));
  const std::uint64_t net = 5000 + Pick(flow, number, 1) % 400000;
  const std::uint64_t tax = net * 19 / 100;
  const std::string invoice = fmt::format("INV-2026-{:05}", Pick(flow, number, 2) % 100000);
  const std::string due =
      fmt::format("2026-{:02}-{:02}", 1 + Pick(flow, number, 3) % 12, 1 + Pick(flow, number, 4) % 28);
  CaseText text;
  text.prompt = fmt::format("{} / {} / net {} EUR, VAT 19 % {} EUR, total {} EUR. Payable by {}. Book it.",
                            vendor, invoice, Money(net), Money(tax), Money(net + tax), due);
  text.tool = Tool("book_invoice", "Book a supplier's invoice",
                   {{"vendor", {{"type", "string"}}},
                    {"invoice_number", {{"type", "string"}}},
                    {"total", {{"type", "number"}}},
                    {"due_date", {{"type", "string"}}}});
  Json arguments = {{"vendor", vendor},
                    {"invoice_number", invoice},
                    {"total", static_cast<double>(net + tax) / 100.0},
                    {"due_date", due}};
  text.expected = Call("book_invoice", arguments);
  arguments["total"] = static_cast<double>(net) / 100.0;  // the net amount instead of the total
  text.wrong = Call("book_invoice", arguments);
  return text;
}

CaseText Contract(int number, std::string_view flow) {
  static constexpr std::array<std::string_view, 5> kClauses{"termination", "liability", "payment",
                                                            "confidentiality", "renewal"};
  static constexpr std::array<std::string_view, 3> kRisks{"low", "medium", "high"};
  static constexpr std::array<std::string_view, 3> kWords{"is in line with our standard",
                                                          "departs from our standard in one point",
                                                          "leaves us with no limit at all"};
  const std::string_view clause = OneOf(kClauses, Pick(flow, number, 0));
  const std::uint64_t risk = Pick(flow, number, 1) % kRisks.size();
  const auto section = static_cast<int>(1 + Pick(flow, number, 2) % 24);
  CaseText text;
  text.prompt = fmt::format("Contract C-{:04}, section {}: the {} clause {}. Flag it.", number, section,
                            clause, kWords[risk]);
  text.tool = Tool("flag_clause", "Record a reviewed clause with its risk",
                   {{"section", {{"type", "integer"}}},
                    {"clause", {{"type", "string"}, {"enum", kClauses}}},
                    {"risk", {{"type", "string"}, {"enum", kRisks}}}});
  Json arguments = {{"section", section}, {"clause", clause}, {"risk", kRisks[risk]}};
  text.expected = Call("flag_clause", arguments);
  arguments["risk"] = kRisks[(risk + 1) % kRisks.size()];
  text.wrong = Call("flag_clause", arguments);
  return text;
}

CaseText Escalation(int number, std::string_view flow) {
  static constexpr std::array<std::string_view, 4> kTeams{"billing", "security", "shipping", "legal"};
  static constexpr std::array<std::string_view, 4> kSigns{
      "I was charged twice again", "somebody else is logged in to my account",
      "the parcel has been in customs for three weeks", "my lawyer will write to you on Monday"};
  static constexpr std::array<std::string_view, 2> kUrgency{"normal", "urgent"};
  static constexpr std::array<std::string_view, 2> kTone{"No hurry.", "I need an answer today."};
  const std::uint64_t team = Pick(flow, number, 0) % kTeams.size();
  const std::uint64_t urgent = Pick(flow, number, 1) % kUrgency.size();
  CaseText text;
  text.prompt =
      fmt::format("Ticket T-{:05}: {}. {}", Pick(flow, number, 2) % 100000, kSigns[team], kTone[urgent]);
  text.tool = Tool("route_ticket", "Hand a ticket to a team",
                   {{"team", {{"type", "string"}, {"enum", kTeams}}},
                    {"urgency", {{"type", "string"}, {"enum", kUrgency}}}});
  Json arguments = {{"team", kTeams[team]}, {"urgency", kUrgency[urgent]}};
  text.expected = Call("route_ticket", arguments);
  arguments["team"] = kTeams[(team + 1) % kTeams.size()];
  text.wrong = Call("route_ticket", arguments);
  return text;
}

CaseText Account(int number, std::string_view flow) {
  static constexpr std::array<std::string_view, 4> kFields{"email", "phone", "postcode", "display_name"};
  const std::uint64_t field = Pick(flow, number, 0) % kFields.size();
  const std::uint64_t digits = Pick(flow, number, 1);
  std::string value;
  switch (field) {
    case 0:
      value = fmt::format("user{}@example.org", digits % 10000);
      break;
    case 1:
      value = fmt::format("+49 30 {:07}", digits % 10000000);
      break;
    case 2:
      value = fmt::format("{:05}", 10000 + digits % 89999);
      break;
    default:
      value = fmt::format("Robin {}", digits % 1000);
      break;
  }
  CaseText text;
  text.prompt =
      fmt::format("I am customer {}. Please change my {} to {}.", 20000 + number, kFields[field], value);
  text.tool = Tool("update_account", "Change one field of a customer's account",
                   {{"customer", {{"type", "integer"}}},
                    {"field", {{"type", "string"}, {"enum", kFields}}},
                    {"value", {{"type", "string"}}}});
  Json arguments = {{"customer", 20000 + number}, {"field", kFields[field]}, {"value", value}};
  text.expected = Call("update_account", arguments);
  arguments["field"] = kFields[(field + 1) % kFields.size()];
  text.wrong = Call("update_account", arguments);
  return text;
}

}  // namespace

CaseText MakeCaseText(std::string_view flow, int number, bool large) {
  if (flow == "refund_flow") return Refund(number, large, flow);
  if (flow == "invoice_parse") return Invoice(number, flow);
  if (flow == "contract_review") return Contract(number, flow);
  if (flow == "escalation_routing") return Escalation(number, flow);
  return Account(number, flow);
}

}  // namespace minslice::demo
