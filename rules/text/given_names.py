"""Usual first names in France, folded: only a hint at the order of two words without capitals."""

from __future__ import annotations

_NAMES = """
adam adele adrien agathe agnes aicha alain albert alexandra alexandre alexis alice aline alix alma amandine ambre
amelie amina amine anais andre andrea anna annabelle anne annick annie anthony antoine antoinette apolline ariane
armand armelle arnaud arthur aude audrey augustin aurelie aurelien axel baptiste basile bastien beatrice benedicte
benjamin benoit bernadette bertrand blanche brigitte bruno camille capucine carine carla carole caroline catherine
cecile cedric celia celine chantal charles charlotte chloe christelle christian christiane christine christophe claire
clara clarisse claude claudine clemence clement clementine colette constance coralie corentin corinne cyril damien
daniel daniele danielle david deborah delphine denis denise didier dominique dorothee edith edouard eleonore elena
eliane elias elisa elisabeth elise ella elodie eloise elsa emeline emilie emilien emma emmanuel emmanuelle enzo eric
erwan esteban estelle ester etienne eugenie eva evelyne fabien fabienne fabrice fanny farid fatima fatoumata felix
fernand flavie flora florence florent florian francine francis franck francois francoise frederic frederique gabin
gabriel gabrielle gael gaelle gaetan gaston genevieve georges georgette geraldine gerard germaine ghislaine gilbert
gilles ginette gisele gregory guillaume gustave guy gwenaelle hamza hannah helene henri henriette herve hortense hugo
hugues ibrahim ines irene iris isabelle ivan jacqueline jacques jade jean jeanne jeannine jennifer jeremie jeremy
jerome jessica joel joelle johanna jonathan jordan josephine josette josiane jules julia julie julien juliette justine
karim karine katia kevin khadija laetitia lea leila lena leo leon leonie liam lilian liliane lilou lina linda lionel
laure laurence laurent laurine lisa loic lola lorenzo louane louis louise luc lucas lucie lucien lucienne lucile
ludivine ludovic lydie lyna madeleine mael maelle maeva manon marc marcel marceline margaux margot marguerite maria
marianne marie marina marine marion marius marjorie martine mathias mathieu mathilde mathis matteo matthieu maud
maurice max maxence maxime melanie melissa mia michel micheline michele mickael mila milan mireille mohamed mohammed
monique morgane muriel myriam nadege nadia nadine naomi natacha nathalie nathan nicolas nicole nina noah noam noe noel
noelle noemie nolan nora norbert oceane odette odile olga olivia olivier omar oscar pascal pascale patrice patricia
patrick paul paulette pauline peggy perrine philippe philomene pierre pierrette quentin rachel rachid raoul raphael
raphaelle raymond raymonde regine regis remi remy renaud rene renee robert robin rodolphe roger roland rolande romain
romane rosalie rose roselyne roxane ruben sabine sabrina sacha said salome samia samuel samira sandra sandrine sarah
sebastien serge severine simon simone sofia solange solene sonia sophie stanislas stella stephane stephanie suzanne
sylvain sylvie tatiana theo theodore therese thibault thierry thomas timeo timothee tom tristan ulysse valentin
valentine valerie vanessa veronique victoire victor victoria vincent violette virginie viviane wassim xavier yacine
yael yann yannick yasmine yohan yolande youssef yves yvette yvonne zelie zoe
"""
GIVEN_NAMES = frozenset(_NAMES.split())
