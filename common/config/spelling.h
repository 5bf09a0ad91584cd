// "Did you mean": the known word that a misspelt one was probably meant to be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace firstline::config {

// How many characters have to be inserted, removed, replaced or swapped with their neighbour to
// turn one word into the other (optimal string alignment). Costs O(|a| * |b|); words are cut at 64
// bytes.
std::size_t EditDistance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, the first of equals; empty when even that one differs in more
// than a third of the word's characters (at least one, at most three are forgiven). Letters' case
// and '_' versus '-' or nothing are no difference.
std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace firstline::config
