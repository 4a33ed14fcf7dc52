package dev.longspan.it;

import java.util.Random;

/** Long texts in the manner that the nano model has learned to read, with one fact hidden in them. */
final class LongText {
    private static final String[] PLACES = {"Paris", "Berlin", "Rome", "Madrid", "London", "Oslo", "Vienna"};
    private static final String[] PEOPLE = {"Alice", "Bob", "Clara", "David", "Emma", "Yuki"};
    private static final String[] THINGS = {"garden", "tower", "bridge", "house", "market", "lamp", "table"};
    private static final String[] COLORS = {"red", "green", "white", "black", "yellow"};
    private static final String[] DAYS = {"Monday", "Tuesday", "Friday", "Sunday"};

    private LongText() {}

    /** {@return a text of about so many characters, with a sentence at a part of its length from 0 to 1} */
    static String hiding(String sentence, double depth, int characters, long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        boolean hidden = false;
        while (text.length() < characters) {
            if (!hidden && text.length() >= depth * characters) {
                text.append(sentence).append(' ');
                hidden = true;
            }
            text.append(sentence(random)).append(' ');
        }
        return text.toString();
    }

    private static String sentence(Random random) {
        String place = pick(PLACES, random);
        String person = pick(PEOPLE, random);
        String thing = pick(THINGS, random);
        return switch (random.nextInt(6)) {
            case 0 -> "It rained for " + (2 + random.nextInt(90)) + " days in " + place + ".";
            case 1 -> person + " walked to the " + thing + " and back.";
            case 2 -> "On " + pick(DAYS, random) + " the weather in " + place + " was fine.";
            case 3 -> person + " painted the " + thing + " " + pick(COLORS, random) + ".";
            case 4 -> "The train to " + place + " leaves at " + (2 + random.nextInt(20)) + " o'clock.";
            default -> "There are " + (2 + random.nextInt(90)) + " chairs near the " + thing + ".";
        };
    }

    private static String pick(String[] words, Random random) {
        return words[random.nextInt(words.length)];
    }
}
