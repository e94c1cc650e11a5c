// Another country, another estimate; the order takes the country that is shown.
"use strict";
const country = document.getElementById("country");
country.addEventListener("change", () => country.form.submit());
