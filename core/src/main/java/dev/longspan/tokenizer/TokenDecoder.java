package dev.longspan.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A step on the way from tokens back to text. Immutable. */
sealed interface TokenDecoder {
    /** {@return what these pieces of text become} */
    List<String> apply(List<String> tokens);

    /**
     * {@return the bytes that one token means between others}
     *
     * @param token the token's characters, as UTF-8 or as earlier steps left them
     */
    byte[] bytes(byte[] token);

    /** Steps one after the other. */
    record InOrder(List<TokenDecoder> steps) implements TokenDecoder {
        @Override
        public List<String> apply(List<String> tokens) {
            List<String> result = tokens;
            for (TokenDecoder step : steps) {
                result = step.apply(result);
            }
            return result;
        }

        @Override
        public byte[] bytes(byte[] token) {
            byte[] result = token;
            for (TokenDecoder step : steps) {
                result = step.bytes(result);
            }
            return result;
        }
    }

    /** Characters that stand for bytes become those bytes, all bytes together text. */
    record ByteLevel() implements TokenDecoder {
        @Override
        public List<String> apply(List<String> tokens) {
            IncrementalDecoder decoder = new IncrementalDecoder();
            StringBuilder text = new StringBuilder();
            for (String token : tokens) {
                text.append(decoder.append(bytes(token.getBytes(StandardCharsets.UTF_8))));
            }
            return List.of(text.append(decoder.flush()).toString());
        }

        @Override
        public byte[] bytes(byte[] token) {
            byte[] bytes = ByteAlphabet.toBytes(new String(token, StandardCharsets.UTF_8));
            return bytes == null ? token : bytes;
        }
    }

    /** Tokens such as {@code <0x41>} become bytes; bytes that are no UTF-8 one replacement character each. */
    record ByteFallback() implements TokenDecoder {
        private static final int LENGTH = 6;

        @Override
        public List<String> apply(List<String> tokens) {
            List<String> result = new ArrayList<>();
            IntBuffer bytes = new IntBuffer();
            for (String token : tokens) {
                int value = value(token);
                if (value >= 0) {
                    bytes.add(value);
                } else {
                    flush(bytes, result);
                    result.add(token);
                }
            }
            flush(bytes, result);
            return result;
        }

        private static void flush(IntBuffer values, List<String> target) {
            if (values.size() == 0) {
                return;
            }
            byte[] bytes = new byte[values.size()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) values.get(i);
            }
            values.clear();
            IncrementalDecoder decoder = new IncrementalDecoder();
            String text = decoder.append(bytes) + decoder.flush();
            target.add(decoder.replaced() ? "\uFFFD".repeat(bytes.length) : text);
        }

        /** {@return the byte that a token stands for, 0..255, or -1} */
        static int value(String token) {
            if (token.length() != LENGTH || !token.startsWith("<0x") || token.charAt(LENGTH - 1) != '>') {
                return -1;
            }
            int high = Character.digit(token.charAt(3), 16);
            int low = Character.digit(token.charAt(4), 16);
            boolean ascii = token.charAt(3) < 0x80 && token.charAt(4) < 0x80;
            return ascii && high >= 0 && low >= 0 ? high * 16 + low : -1;
        }

        @Override
        public byte[] bytes(byte[] token) {
            int value = value(new String(token, StandardCharsets.UTF_8));
            return value < 0 ? token : new byte[] {(byte) value};
        }
    }

    /** All pieces become one. */
    record Fuse() implements TokenDecoder {
        @Override
        public List<String> apply(List<String> tokens) {
            return List.of(String.join("", tokens));
        }

        @Override
        public byte[] bytes(byte[] token) {
            return token;
        }
    }

    /** Writes a text for each match of a pattern, in each piece. */
    record Replace(Normalizer.Replace replacement) implements TokenDecoder {
        @Override
        public List<String> apply(List<String> tokens) {
            return tokens.stream().map(this::replace).toList();
        }

        private String replace(String token) {
            return replacement.apply(MarkedChars.plain(token)).text();
        }

        @Override
        public byte[] bytes(byte[] token) {
            return replace(new String(token, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Takes up to so many of a character from the ends of each piece. */
    record Strip(int content, int start, int stop) implements TokenDecoder {
        @Override
        public List<String> apply(List<String> tokens) {
            return tokens.stream().map(this::strip).toList();
        }

        private String strip(String token) {
            int width = Character.charCount(content);
            int from = 0;
            for (int i = 0; i < start && from < token.length() && token.codePointAt(from) == content; i++) {
                from += width;
            }
            int to = token.length();
            for (int i = 0; i < stop && to > from && token.codePointBefore(to) == content; i++) {
                to -= width;
            }
            return token.substring(from, to);
        }

        /** Strips nothing: what is stripped are the ends of the whole text, as far as published models go. */
        @Override
        public byte[] bytes(byte[] token) {
            return token;
        }
    }

    /** A mark for spaces becomes a space, but nothing in the first piece if that had one put before it. */
    record Metaspace(char replacement, boolean dropFirst) implements TokenDecoder {
        @Override
        public List<String> apply(List<String> tokens) {
            List<String> result = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                boolean drop = result.isEmpty() && dropFirst;
                result.add(token.replace(String.valueOf(replacement), drop ? "" : " "));
            }
            return result;
        }

        @Override
        public byte[] bytes(byte[] token) {
            return new String(token, StandardCharsets.UTF_8)
                    .replace(replacement, ' ')
                    .getBytes(StandardCharsets.UTF_8);
        }
    }
}
