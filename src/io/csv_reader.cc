#include "io/csv_reader.h"

#include <algorithm>
#include <utility>

#include "io/utf8.h"

namespace minslice::io {

CsvReader::CsvReader(std::string_view text, std::string path, Diagnostics& diagnostics)
    : text_(text), path_(std::move(path)), diagnostics_(diagnostics) {
  at_ = text_.size() - SkipByteOrderMark(text_).size();
  line_start_ = at_;
}

SourcePosition CsvReader::Here() const { return {path_, line_, static_cast<int>(at_ - line_start_) + 1}; }

bool CsvReader::AtLineEnd() const {
  if (at_ >= text_.size() || text_[at_] == '\n') return true;
  return text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n');
}

void CsvReader::SkipLineEnd() {
  if (at_ < text_.size() && text_[at_] == '\r') ++at_;
  if (at_ < text_.size() && text_[at_] == '\n') ++at_;
  ++line_;
  line_start_ = at_;
}

bool CsvReader::Next(std::vector<CsvField>& fields) {
  fields.clear();
  unescaped_.clear();
  while (at_ < text_.size() && AtLineEnd()) SkipLineEnd();
  if (at_ >= text_.size()) return false;
  for (;;) {
    CsvField& field = fields.emplace_back();
    field.line = line_;
    field.column = Here().column;
    if (at_ < text_.size() && text_[at_] == '"') {
      ReadQuoted(field);
    } else {
      ReadPlain(field);
    }
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      continue;
    }
    if (at_ < text_.size()) SkipLineEnd();
    return !unclosed_;
  }
}

void CsvReader::ReadPlain(CsvField& field) {
  const std::size_t start = at_;
  bool reported = false;
  while (!AtLineEnd() && text_[at_] != ',') {
    const char c = text_[at_];
    if (!reported && (c == '"' || c == '\r')) {
      reported = true;
      diagnostics_.Add(
          Here(),
          c == '"'
              ? "a quote inside a field without quotes: put the field in quotes and double the quote"
              : "a carriage return inside a field: put the field in quotes, or end lines with LF or CRLF");
    }
    ++at_;
  }
  field.text = text_.substr(start, at_ - start);
}

void CsvReader::ReadQuoted(CsvField& field) {
  const SourcePosition open = Here();
  ++at_;
  std::size_t run = at_;  // start of the bytes not yet copied
  std::string* unescaped = nullptr;
  for (;;) {
    const std::size_t quote = text_.find('"', at_);
    const std::size_t end = std::min(quote, text_.size());
    // Line breaks inside the quotes count as lines of the file.
    for (std::size_t at = text_.find('\n', at_); at < end; at = text_.find('\n', at + 1)) {
      ++line_;
      line_start_ = at + 1;
    }
    if (quote == std::string_view::npos) {
      at_ = text_.size();
      unclosed_ = true;
      diagnostics_.Add(open, "a quote is never closed");
      return;
    }
    at_ = quote + 1;
    if (at_ >= text_.size() || text_[at_] != '"') {
      if (unescaped == nullptr) {
        field.text = text_.substr(run, quote - run);
      } else {
        unescaped->append(text_.substr(run, quote - run));
        field.text = *unescaped;
      }
      break;
    }
    if (unescaped == nullptr) unescaped = &unescaped_.emplace_back();
    unescaped->append(text_.substr(run, at_ - run));  // with one of the two quotes
    run = ++at_;
  }
  if (AtLineEnd() || text_[at_] == ',') return;
  diagnostics_.Add(
      Here(), "expected a comma or the end of the line after the closing quote; a quote inside is doubled");
  while (!AtLineEnd() && text_[at_] != ',') ++at_;
}

}  // namespace minslice::io
