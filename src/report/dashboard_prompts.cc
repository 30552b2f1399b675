#include "report/dashboard_prompts.h"

#include <fmt/format.h>

#include "report/escape.h"
#include "report/format.h"
#include "report/html_page.h"

namespace minslice::report {
namespace {

struct Listed {
  std::string_view id;
  bool broke;
};

// Slices that decide first, so that what a reviewer needs lies in the page itself; then all others.
std::vector<Listed> ReadingOrder(const Verdict& verdict, PromptBook& book) {
  std::vector<Listed> order;
  const auto add = [&](const std::vector<std::string>& ids, bool broke) {
    for (const std::string& id : ids) {
      if (book.number.emplace(id, order.size()).second) order.push_back({id, broke});
    }
  };
  const std::vector<const VerdictSegment*> slices = WorstFirst(verdict);
  for (const VerdictSegment* slice : slices) {
    if (SegmentRank(*slice) > kLastDecidingRank) break;
    add(slice->broke, true);
    add(slice->fixed, false);
  }
  add(verdict.broke, true);
  add(verdict.fixed, false);
  for (const VerdictSegment* slice : slices) {
    add(slice->broke, true);
    add(slice->fixed, false);
  }
  return order;
}

Json AnswerJson(const DashboardAnswer& answer, std::size_t text_bytes) {
  Json json;
  json["repeat"] = answer.repeat;
  json["outcome"] = answer.outcome;
  json["finish_reason"] = ValidUtf8(answer.finish_reason);
  json["error"] = ValidUtf8(std::string_view(answer.error).substr(0, text_bytes));
  if (!answer.output) {
    json["output"] = nullptr;
  } else {
    // A character that the cut goes through becomes U+FFFD.
    json["output"] = ValidUtf8(std::string_view(*answer.output).substr(0, text_bytes));
    if (answer.output->size() > text_bytes) json["cut"] = answer.output->size();
  }
  return json;
}

Json PromptJson(const Listed& listed, const DashboardPrompt* prompt, std::size_t text_bytes) {
  Json json;
  json["id"] = ValidUtf8(listed.id);
  json["change"] = listed.broke ? "broke" : "fixed";
  json["before"] = Json::array();
  json["after"] = Json::array();
  if (prompt == nullptr) return json;
  if (!prompt->prompt.empty())
    json["prompt"] = ValidUtf8(std::string_view(prompt->prompt).substr(0, text_bytes));
  if (!prompt->expected.empty())
    json["expected"] = ValidUtf8(std::string_view(prompt->expected).substr(0, text_bytes));
  for (const DashboardAnswer& answer : prompt->before)
    json["before"].push_back(AnswerJson(answer, text_bytes));
  for (const DashboardAnswer& answer : prompt->after) json["after"].push_back(AnswerJson(answer, text_bytes));
  return json;
}

std::string SlotJson(const Verdict& verdict, std::size_t first, const std::string& items) {
  Json head;
  head["run"] = ValidUtf8(verdict.run_hash);
  head["first"] = first;
  head["names"] = {{"incumbent", ValidUtf8(ArmName(verdict.incumbent))},
                   {"candidate", ValidUtf8(ArmName(verdict.candidate))}};
  std::string json = ScriptJson(head);
  json.pop_back();
  return json + ",\"prompts\":[" + items + "]}";
}

std::string SidePage(const Verdict& verdict, const std::string& stem, std::size_t number,
                     const std::string& slot) {
  HtmlPage page;
  page.title = fmt::format("minslice: changed prompts, part {}", number);
  page.body = fmt::format(
      "<main><h1>Changed prompts, part {}</h1>\n<p class=\"note\">Suite {}. These belong to <a "
      "href=\"{}.html\">the report</a>, which lies beside this file and opens them by itself.</p>\n"
      "<div id=\"list\"></div></main>",
      number, EscapeHtml(verdict.suite), PercentEncode(stem));
  page.slots = {{"prompts", slot}};
  return RenderPage(page);
}

}  // namespace

std::string SidePageName(const std::string& stem, std::size_t number) {
  return fmt::format("{}.prompts-{}.html", stem, number);
}

PromptBook MakePromptBook(const Verdict& verdict, const DashboardEvidence& evidence,
                          const DashboardOptions& options) {
  PromptBook book;
  const std::vector<Listed> order = ReadingOrder(verdict, book);
  std::unordered_map<std::string_view, const DashboardPrompt*> texts;
  for (const DashboardPrompt& prompt : evidence.prompts) texts.emplace(prompt.case_id, &prompt);
  book.prompts = order.size();
  book.chunks = Json::array();
  std::string items;
  std::size_t first = 0;
  const auto close = [&](std::size_t end) {
    Json chunk;
    chunk["first"] = first;
    chunk["count"] = end - first;
    if (book.chunks.empty()) {
      book.page_slot = SlotJson(verdict, first, items);
      book.in_page = end;
      chunk["file"] = nullptr;
    } else {
      const std::size_t number = book.sides.size() + 1;
      const std::string name = SidePageName(options.stem, number);
      book.sides.push_back({name, SidePage(verdict, options.stem, number, SlotJson(verdict, first, items))});
      chunk["file"] = PercentEncode(name);
    }
    book.chunks.push_back(std::move(chunk));
    items.clear();
    first = end;
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto text = texts.find(order[i].id);
    const std::string item =
        ScriptJson(PromptJson(order[i], text == texts.end() ? nullptr : text->second, options.text_bytes));
    const std::size_t limit = book.chunks.empty() ? options.page_bytes : options.side_bytes;
    if (!items.empty() && items.size() + item.size() > limit) close(i);
    items += items.empty() ? "" : ",\n";
    items += item;
    book.bytes += item.size();
  }
  close(order.size());
  return book;
}

}  // namespace minslice::report
