package dev.longspan.template;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's {@code strftime} in the C locale, for one point in time. */
final class TimeFormat {
    private final ZonedDateTime time;

    TimeFormat(ZonedDateTime time) {
        this.time = time;
    }

    TemplateText format(TemplateText format) {
        return TemplateText.of(format(format.chars()), format.origin());
    }

    private String format(String format) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            int start = i++;
            char flag = "-_0^".indexOf(format.charAt(i)) >= 0 && i + 1 < format.length() ? format.charAt(i++) : ' ';
            String field = field(format.charAt(i));
            out.append(field.isEmpty() ? format.substring(start, i + 1) : flagged(field, flag));
        }
        return out.toString();
    }

    private static String flagged(String field, char flag) {
        return switch (flag) {
            case '^' -> field.toUpperCase(Locale.ROOT);
            case '-' -> field.replaceFirst("^[0 ]+(?=.)", "");
            case '_' -> " ".repeat(leading(field, '0')) + field.substring(leading(field, '0'));
            case '0' -> "0".repeat(leading(field, ' ')) + field.substring(leading(field, ' '));
            default -> field;
        };
    }

    /** How many fill characters stand before the last digit. */
    private static int leading(String field, char fill) {
        int count = 0;
        while (count < field.length() - 1 && field.charAt(count) == fill) {
            count++;
        }
        return count;
    }

    private static String pad(int value, int width) {
        String digits = Integer.toString(value);
        return "0".repeat(Math.max(0, width - digits.length())) + digits;
    }

    private static String blank(int value) {
        return value < 10 ? " " + value : Integer.toString(value);
    }

    /** One field; empty if there is no such directive. */
    private String field(char directive) {
        return switch (directive) {
            case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' -> time.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'd' -> pad(time.getDayOfMonth(), 2);
            case 'e' -> blank(time.getDayOfMonth());
            case 'm' -> pad(time.getMonthValue(), 2);
            case 'Y' -> Integer.toString(time.getYear());
            case 'y' -> pad(Math.floorMod(time.getYear(), 100), 2);
            case 'C' -> pad(Math.floorDiv(time.getYear(), 100), 2);
            case 'j' -> pad(time.getDayOfYear(), 3);
            case 'D', 'x' -> format("%m/%d/%y");
            case 'F' -> format("%Y-%m-%d");
            case 'c' -> format("%a %b %e %H:%M:%S %Y");
            case '%' -> "%";
            case 'n' -> "\n";
            case 't' -> "\t";
            default -> weekOrTime(directive);
        };
    }

    private String weekOrTime(char directive) {
        int sunday = time.getDayOfWeek().getValue() % 7;
        int monday = time.getDayOfWeek().getValue() - 1;
        int yearDay = time.getDayOfYear() - 1;
        return switch (directive) {
            case 'u' -> Integer.toString(monday + 1);
            case 'w' -> Integer.toString(sunday);
            case 'U' -> pad((yearDay + 7 - sunday) / 7, 2);
            case 'W' -> pad((yearDay + 7 - monday) / 7, 2);
            case 'V' -> pad(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2);
            case 'G' -> Integer.toString(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'g' -> pad(Math.floorMod(time.get(IsoFields.WEEK_BASED_YEAR), 100), 2);
            default -> clock(directive);
        };
    }

    private String clock(char directive) {
        int twelve = time.get(ChronoField.CLOCK_HOUR_OF_AMPM);
        return switch (directive) {
            case 'H' -> pad(time.getHour(), 2);
            case 'I' -> pad(twelve, 2);
            case 'k' -> blank(time.getHour());
            case 'l' -> blank(twelve);
            case 'M' -> pad(time.getMinute(), 2);
            case 'S' -> pad(time.getSecond(), 2);
            case 'f' -> pad(time.getNano() / 1000, 6);
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'r' -> format("%I:%M:%S %p");
            case 'R' -> format("%H:%M");
            case 'T', 'X' -> format("%H:%M:%S");
            case 's' -> Long.toString(time.toEpochSecond());
            case 'z' ->
                time.getOffset().getId().equals("Z")
                        ? "+0000"
                        : DateTimeFormatter.ofPattern("xx", Locale.ROOT).format(time);
            case 'Z' -> DateTimeFormatter.ofPattern("zzz", Locale.ENGLISH).format(time);
            default -> "";
        };
    }
}
