package dev.longspan.tokenizer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Learns a small byte-pair vocabulary from words, so that tests have models without any file. */
final class PairTrainer {
    private final List<List<String>> words = new ArrayList<>();
    private final Map<String, Integer> vocabulary = new TreeMap<>();
    private final List<List<String>> merges = new ArrayList<>();

    PairTrainer(List<String> firstTokens) {
        firstTokens.forEach(this::addToken);
    }

    private void addToken(String token) {
        vocabulary.putIfAbsent(token, vocabulary.size());
    }

    PairTrainer learn(List<String> wordsOfSymbols, int count) {
        for (String word : wordsOfSymbols) {
            List<String> symbols = new ArrayList<>();
            word.codePoints().forEach(c -> symbols.add(Character.toString(c)));
            symbols.forEach(this::addToken);
            words.add(symbols);
        }
        for (int i = 0; i < count; i++) {
            Map<List<String>, Integer> pairs = new HashMap<>();
            for (List<String> word : words) {
                for (int k = 0; k + 1 < word.size(); k++) {
                    pairs.merge(List.copyOf(word.subList(k, k + 2)), 1, Integer::sum);
                }
            }
            if (pairs.isEmpty()) {
                break;
            }
            merge(pairs.entrySet().stream()
                    .max(Map.Entry.<List<String>, Integer>comparingByValue()
                            .thenComparing(entry -> entry.getKey().toString()))
                    .orElseThrow()
                    .getKey());
        }
        return this;
    }

    private void merge(List<String> pair) {
        String joined = String.join("", pair);
        addToken(joined);
        merges.add(pair);
        for (List<String> word : words) {
            for (int k = 0; k + 1 < word.size(); k++) {
                if (word.get(k).equals(pair.get(0)) && word.get(k + 1).equals(pair.get(1))) {
                    word.set(k, joined);
                    word.remove(k + 1);
                }
            }
        }
    }

    /** Adds merges of tokens that have nothing to do with each other, and puts all merges in a random order. */
    PairTrainer disturb(Random random, int count) {
        List<String> tokens = new ArrayList<>(vocabulary.keySet());
        for (int i = 0; i < count; i++) {
            String left = tokens.get(random.nextInt(tokens.size()));
            String right = tokens.get(random.nextInt(tokens.size()));
            if (left.length() + right.length() < 8 && !vocabulary.containsKey(left + right)) {
                addToken(left + right);
                merges.add(List.of(left, right));
            }
        }
        Collections.shuffle(merges, random);
        return this;
    }

    Map<String, Integer> vocabulary() {
        return vocabulary;
    }

    List<List<String>> merges() {
        return merges;
    }
}
