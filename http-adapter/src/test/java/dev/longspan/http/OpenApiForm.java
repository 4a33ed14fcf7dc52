package dev.longspan.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What each kind of object in an OpenAPI 3.1 document may have. A member is written as its name, {@code !} if it must be there, and
 * what it is: text, flag, number, any, or a kind; with {@code []} an array and with {@code {}} a map of these.
 */
final class OpenApiForm {
    private static final Map<String, String> KINDS = Map.ofEntries(
            Map.entry(
                    "Document",
                    "openapi!:text info!:Info jsonSchemaDialect:text servers:any[] paths:Path{} webhooks:Path{} "
                            + "components:Components security:any[] tags:any[] externalDocs:any"),
            Map.entry(
                    "Info",
                    "title!:text version!:text summary:text description:text termsOfService:text contact:any license:any"),
            Map.entry(
                    "Components",
                    "schemas:Schema{} responses:Response{} parameters:Parameter{} examples:any{} requestBodies:Body{} "
                            + "headers:Header{} securitySchemes:Security{} links:any{} callbacks:any{} pathItems:Path{}"),
            Map.entry(
                    "Path",
                    "summary:text description:text servers:any[] parameters:Parameter[] get:Operation put:Operation "
                            + "post:Operation delete:Operation options:Operation head:Operation patch:Operation trace:Operation"),
            Map.entry(
                    "Operation",
                    "tags:text[] summary:text description:text externalDocs:any operationId:text parameters:Parameter[] "
                            + "requestBody:Body responses!:Response{} callbacks:any{} deprecated:flag security:any[] servers:any[]"),
            Map.entry(
                    "Parameter",
                    "name!:text in!:text description:text required:flag deprecated:flag allowEmptyValue:flag style:text "
                            + "explode:flag allowReserved:flag schema:Schema example:any examples:any{} content:Media{}"),
            Map.entry(
                    "Header",
                    "description:text required:flag deprecated:flag style:text explode:flag schema:Schema example:any "
                            + "examples:any{} content:Media{}"),
            Map.entry("Body", "description:text content!:Media{} required:flag"),
            Map.entry("Media", "schema:Schema example:any examples:any{} encoding:any{}"),
            Map.entry("Response", "description!:text headers:Header{} content:Media{} links:any{}"),
            Map.entry(
                    "Security",
                    "type!:text description:text name:text in:text scheme:text bearerFormat:text flows:any openIdConnectUrl:text"),
            Map.entry("Reference", "$ref!:text summary:text description:text"),
            Map.entry(
                    "Schema",
                    "$schema:text $id:text $ref:text $anchor:text $dynamicRef:text $dynamicAnchor:text $vocabulary:any "
                            + "$comment:text $defs:Schema{} allOf:Schema[] anyOf:Schema[] oneOf:Schema[] not:Schema if:Schema "
                            + "then:Schema else:Schema dependentSchemas:Schema{} prefixItems:Schema[] items:Schema contains:Schema "
                            + "properties:Schema{} patternProperties:Schema{} additionalProperties:Schema propertyNames:Schema "
                            + "unevaluatedItems:Schema unevaluatedProperties:Schema type:any enum:any[] const:any "
                            + "multipleOf:number maximum:number exclusiveMaximum:number minimum:number exclusiveMinimum:number "
                            + "maxLength:number minLength:number pattern:text maxItems:number minItems:number uniqueItems:flag "
                            + "maxContains:number minContains:number maxProperties:number minProperties:number required:text[] "
                            + "dependentRequired:any title:text description:text default:any deprecated:flag readOnly:flag "
                            + "writeOnly:flag examples:any[] format:text contentEncoding:text contentMediaType:text "
                            + "contentSchema:Schema discriminator:any xml:any externalDocs:any example:any"));

    private final JsonNode document;
    private final List<String> faults = new ArrayList<>();

    private OpenApiForm(JsonNode document) {
        this.document = document;
    }

    /** What is wrong with a document: where, and what. */
    static List<String> faults(JsonNode document) {
        OpenApiForm form = new OpenApiForm(document);
        form.object("", document, "Document");
        return form.faults;
    }

    private void fault(String where, String what) {
        faults.add(where + ": " + what);
    }

    private void value(String where, JsonNode node, String type) {
        if (type.endsWith("[]")) {
            require(node.isArray(), where, "expected an array");
            for (int i = 0; i < node.size(); i++) {
                value(where + "/" + i, node.get(i), type.substring(0, type.length() - 2));
            }
        } else if (type.endsWith("{}")) {
            require(node.isObject(), where, "expected a map");
            node.properties()
                    .forEach(each ->
                            value(where + "/" + each.getKey(), each.getValue(), type.substring(0, type.length() - 2)));
        } else {
            switch (type) {
                case "any" -> {}
                case "text" -> require(node.isTextual() && !node.asText().isBlank(), where, "expected a text");
                case "flag" -> require(node.isBoolean(), where, "expected true or false");
                case "number" -> require(node.isNumber(), where, "expected a number");
                default -> object(where, node, type);
            }
        }
    }

    private void require(boolean holds, String where, String what) {
        if (!holds) {
            fault(where, what);
        }
    }

    private void object(String where, JsonNode node, String kind) {
        if (kind.equals("Schema") && node.isBoolean()) {
            return;
        }
        require(node.isObject(), where, "expected an object");
        if (node.has("$ref")) {
            String target = node.get("$ref").asText();
            require(
                    target.startsWith("#/") && !document.at(target.substring(1)).isMissingNode(),
                    where,
                    "refers to nothing: " + target);
        }
        boolean reference = node.has("$ref") && !kind.equals("Schema");
        Map<String, String> members = members(KINDS.get(reference ? "Reference" : kind));
        members.forEach((name, type) -> {
            if (name.endsWith("!")) {
                require(node.has(name.substring(0, name.length() - 1)), where, "lacks " + name);
            }
        });
        for (Map.Entry<String, JsonNode> each : node.properties()) {
            String type = members.getOrDefault(each.getKey(), members.get(each.getKey() + "!"));
            if (type != null) {
                value(where + "/" + each.getKey(), each.getValue(), type);
            } else {
                require(each.getKey().startsWith("x-"), where, "a " + kind + " has no '" + each.getKey() + "'");
            }
        }
    }

    private static Map<String, String> members(String all) {
        Map<String, String> members = new TreeMap<>();
        for (String each : all.split(" ", -1)) {
            int colon = each.indexOf(':');
            members.put(each.substring(0, colon), each.substring(colon + 1));
        }
        return members;
    }
}
